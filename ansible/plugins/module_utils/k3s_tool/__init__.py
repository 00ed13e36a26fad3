# Apache-2.0 (see LICENSE)
"""What the modules of k3s-tool share. Standard library only, Python 3.8 or newer: it runs on the hosts."""
