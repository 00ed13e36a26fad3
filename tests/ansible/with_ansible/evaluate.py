"""What Ansible makes of plays of set_fact tasks for every host, in this process: `evaluate.py PLAYBOOK INVENTORY` prints the fact test_result by host.

Precedence, magic variables and templates are Ansible's. ansible-playbook would start a process for each task and host, each of which compiles all templates
anew: nearly all of the time of a test that asks for a hundred hosts or in a hundred ways."""

import json
import sys

from ansible._internal._templating._jinja_bits import _TEMPLATE_OVERRIDE_FIELD_NAMES, AnsibleEnvironment
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.plugins.filter.core import to_json
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

init_plugin_loader([])


def _once(environment, source, *arguments, **options):
    """The code of a template, compiled once. Environments with the same settings of Ansible make the same of it."""
    if arguments or options or not isinstance(source, str):
        return _compile(environment, source, *arguments, **options)
    settings = tuple(getattr(environment, name) for name in _TEMPLATE_OVERRIDE_FIELD_NAMES)
    if (str(source), settings) not in _codes:
        _codes[str(source), settings] = _compile(environment, source)
    return _codes[str(source), settings]


_codes = {}
_compile = AnsibleEnvironment.compile
AnsibleEnvironment.compile = _once


def evaluate(playbook, inventory, limit="all", failed=(), **extra):
    """The fact test_result of each host. `failed`: hosts that an earlier play lost; `extra`: as with `--extra-vars`."""
    loader = DataLoader()
    hosts = InventoryManager(loader=loader, sources=[inventory])
    hosts.subset(limit)
    manager = VariableManager(loader=loader, inventory=hosts)
    manager._extra_vars = loader.load(trust_as_template(json.dumps(extra)))
    HostVars(inventory=hosts, variable_manager=manager, loader=loader)
    for play in Playbook.load(playbook, variable_manager=manager, loader=loader).get_plays():
        play._removed_hosts = list(failed)
        chosen = [host for host in hosts.get_hosts(play.hosts) if host.name not in failed]
        for task in (task for block in play.compile() for task in block.block if task.action.endswith("set_fact")):
            for host in chosen:
                templar = Templar(loader=loader, variables=manager.get_vars(play=play, host=host, task=task))
                manager.set_nonpersistent_facts(host.name, templar.template(task.args))
    return {host.name: json.loads(to_json(manager.get_vars(play=play, host=host)["test_result"])) for host in chosen}


if __name__ == "__main__":
    print(json.dumps(evaluate(*sys.argv[1:])))
