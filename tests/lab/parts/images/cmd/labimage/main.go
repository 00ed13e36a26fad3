// The program labimage writes an archive of container images, each made of one static program:
//
//	labimage -o k3s-airgap-images-amd64.tar [-user UID:GID] NAME=PROGRAM...
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
	flag.Parse()
	if err := run(*output, *user, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "labimage:", err)
		os.Exit(1)
	}
}

func run(output, user string, args []string) error {
	if output == "" || len(args) == 0 {
		return errors.New("usage: labimage -o FILE [-user UID:GID] NAME=PROGRAM...")
	}
	var images []imagetar.Image
	for _, arg := range args {
		name, program, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=PROGRAM", arg)
		}
		images = append(images, imagetar.Image{Name: name, Program: program, User: user})
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
