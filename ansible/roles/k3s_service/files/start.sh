# start.sh UNIT start|restart SECONDS: starts a service and waits until it says that it is ready. Where it does not, ends with 1 and
# the last lines of its journal. (A plain `systemctl start` waits for ever: k3s' own start has no limit, as etcd may take long.)
unit=$1 action=$2 limit=$3
property() { systemctl show "$unit" --value -p "$1"; }

before=$(property InvocationID)
if [ "$action" = start ] && [ "$(property ActiveState)" = active ]; then exit 0; fi
restarts=$(property NRestarts)
since=$(date '+%Y-%m-%d %H:%M:%S')
end=$(($(date +%s) + limit))
systemctl reset-failed "$unit" 2>/dev/null
systemctl --no-block "$action" "$unit" || exit 1
reason="did not start within $limit s"
while [ "$(date +%s)" -le "$end" ]; do
  if [ "$(property InvocationID)" != "$before" ] && [ "$(property ActiveState)" = active ]; then exit 0; fi
  now=$(property NRestarts)
  if [ "$now" -lt "$restarts" ]; then restarts=$now; fi
  if [ "$((now - restarts))" -ge 2 ]; then
    reason="ends again each time it is started"
    break
  fi
  sleep 0.2
done
echo "$unit.service $reason. Its journal ends with:"
# What k3s itself said; where it said nothing, what systemd says about it.
said=$(journalctl "_SYSTEMD_UNIT=$unit.service" --since "$since" -n 12 -o cat --no-pager -q | cut -c1-400)
[ -n "$said" ] || said=$(journalctl -u "$unit" --since "$since" -n 6 -o cat --no-pager -q | cut -c1-400)
echo "$said"
exit 1
