# Apache-2.0 (see LICENSE)
"""Keeps what each scope says of a node, so that labels or k3s options of a group and of a host can be merged."""

from __future__ import annotations

from ansible.inventory.helpers import sort_groups
from ansible.plugins.loader import vars_loader
from ansible.plugins.vars import BaseVarsPlugin

DOCUMENTATION = r"""
    name: k3s_tool_scopes
    short_description: the labels, annotations, taints and k3s options of a host, scope by scope
    description:
      - Ansible replaces a map of a group by that of a host as a whole. This plugin gives each host C(k3s_tool_scopes), a list with one entry for
        each scope that sets C(node_labels), C(node_annotations), C(node_taints) or C(k3s_config), in the order of Ansible's precedence, the
        weakest first.
        playbooks/group_vars/all.yml merges them.
      - A scope is the group all, a group of the host, or the host; in the inventory's file first, in group_vars and host_vars then.
"""

SETTINGS = ("node_labels", "node_annotations", "node_taints", "k3s_config")


class VarsModule(BaseVarsPlugin):
    """See DOCUMENTATION."""

    # One instance serves the whole run. Without it Ansible makes one, and parses the text above, for each host of each task.
    is_stateless = True

    # By host: what groups and the host say in each directory that was asked for, and the scopes of all. They do not change during a run, and Ansible asks
    # for them with each task.
    _known = {}
    _scopes = {}

    def get_vars(self, loader, path, entities):
        """Called for groups and for hosts, once for each directory that may hold group_vars; a host knows its groups."""
        super().get_vars(loader, path, entities)
        found = {}
        for host in entities if isinstance(entities, list) else [entities]:
            # Groups have no groups of their own with an address.
            if not hasattr(host, "address"):
                continue
            known = self._known.setdefault(host.name, {})
            if path not in known:
                groups = sort_groups(host.get_groups())
                files = vars_loader.get("ansible.builtin.host_group_vars")
                known[path] = ([files.get_vars(loader, path, [group]) for group in groups], files.get_vars(loader, path, [host]))
                scopes = [group.vars for group in groups]
                scopes += [variables for of_groups, _ in known.values() for variables in of_groups]
                scopes += [host.vars] + [of_host for _, of_host in known.values()]
                self._scopes[host.name] = [chosen for chosen in map(self._chosen, scopes) if chosen]
            found["k3s_tool_scopes"] = self._scopes[host.name]
        return found

    @staticmethod
    def _chosen(variables):
        return {name: variables[name] for name in SETTINGS if variables.get(name)}
