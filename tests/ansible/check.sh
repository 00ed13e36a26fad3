#!/bin/sh
# Checks ansible/: syntax, ansible-lint (production), the Python that runs on hosts, and the event plugin in real runs.
# Usage: tests/ansible/check.sh [--fast]   (--fast leaves ansible-lint out)
# ansible-core and ansible-lint come into a virtual environment in the cache, once for each version of requirements.txt.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
lint='ansible-lint==26.10.1'
hash=$({ cat "$root/ansible/requirements.txt"; echo "$lint"; python3 --version; } | sha256sum | cut -c1-16)
venv="${XDG_CACHE_HOME:-$HOME/.cache}/k3s-tool-lab/ansible-$hash"
if [ ! -e "$venv/done" ]; then
  echo "making $venv" >&2
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$root/ansible/requirements.txt"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$lint"
  touch "$venv/done"
fi
PATH="$venv/bin:$PATH"
ANSIBLE_CONFIG="$root/ansible/ansible.cfg"
export PATH ANSIBLE_CONFIG

cd "$root/tests/ansible"
ansible-playbook --syntax-check -i inventory.yml "$root"/ansible/playbooks/*.yml >/dev/null
echo "syntax ok"
# Each of these takes long: several at once, on a processor each, what takes longest first (of files of tests that is the largest). What one says comes out as a whole.
# Its own Deno, as a task's is not on PATH.
deno=$(command -v deno || echo npx -y deno@2.9.6)
cd with_ansible
{
  ls -S ./*_properties.ts | sed "s|.*|$deno test -A --quiet --no-check &|"
  [ "${1:-}" = --fast ] || echo 'cd ../../../ansible && ansible-lint --offline -q --profile production . && echo "lint ok"'
  printf '%s\n' 'cd .. && python3 -m unittest --quiet $(find . -path ./with_ansible -prune -o -name \\*_test.py -print)'
  ls -S ./*_test.py | sed 's|^\./\(.*\)\.py$|python3 -m unittest --quiet \1|'
} | xargs -P "$(nproc)" -I {} sh -c 'said=$({} 2>&1) && code=0 || code=1; printf "%s\n" "$said"; exit $code'
