"""ansible-playbook as the tool starts it, with the configuration in ansible/."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ANSIBLE = os.path.join(HERE, "..", "..", "..", "ansible")


def ansible_playbook(*arguments, cwd=None, **environment):
    """Its end: `returncode`, and `stdout`, with its stderr in it. What is given of the environment counts before this process's own."""
    environment = {**os.environ, "ANSIBLE_CONFIG": os.path.join(ANSIBLE, "ansible.cfg"), **environment}
    return subprocess.run([os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), *arguments], cwd=cwd, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=600)
