// The program labimage writes an archive of container images, each made of one static program:
//
//	labimage -o k3s-airgap-images-amd64.tar [-user UID:GID] [-env NAME=VALUE] [-in DIRECTORY] NAME=PROGRAM...
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"k3s-tool.lab/images/internal/imagetar"
)

func main() {
	output := flag.String("o", "", "the archive to write")
	user := flag.String("user", "", "user and group that the programs run as; root without it")
	env := flag.String("env", "", "a variable that the programs start with, as NAME=VALUE")
	directory := flag.String("in", "", "directory of the image that the programs are in, such as bin; its root without it")
	flag.Parse()
	if err := run(*output, imagetar.Image{User: *user, Env: *env, Directory: *directory}, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "labimage:", err)
		os.Exit(1)
	}
}

// run writes the archive; each image is like common but for its name and program.
func run(output string, common imagetar.Image, args []string) error {
	if output == "" || len(args) == 0 {
		return errors.New("usage: labimage -o FILE [-user UID:GID] [-env NAME=VALUE] [-in DIRECTORY] NAME=PROGRAM...")
	}
	var images []imagetar.Image
	for _, arg := range args {
		name, program, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=PROGRAM", arg)
		}
		image := common
		image.Name, image.Program = name, program
		images = append(images, image)
	}
	temporary := output + ".tmp"
	file, err := os.Create(temporary)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(file)
	if err := errors.Join(imagetar.Write(buffer, images), buffer.Flush(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, output)
}
