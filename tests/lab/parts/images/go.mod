module k3s-tool.lab/images

go 1.26.0
