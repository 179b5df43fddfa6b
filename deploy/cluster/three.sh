#!/bin/sh
# Three hubs of one cluster on one machine, as processes in the background.
#
#   three.sh up                 start all, wait until they are ready, say where they are
#   three.sh down               end all
#   three.sh start|stop|kill N  one of them, N = 1, 2 or 3 (stop: SIGTERM, kill: kill -9)
#   three.sh status             what each says of itself
#
# Settings, from the environment:
#   QUASAR  the binary (quasar)            DIR   logs and process numbers (./three-hubs)
#   PORT1   of the first hub's clients (7860; the next have the next ones)
#   CLUSTER_PORT1  where the first hub's peers come in (7870, and so on)
#   FLAGS   further flags for each hub     ID1, ID2, ID3  their ids (hub-1, hub-2, hub-3)
# And to put each hub somewhere else (network namespaces, other addresses):
#   ENTER1, ENTER2, ENTER3  a command that the hub is started with
#   HOST1, HOST2, HOST3     addresses for clients (127.0.0.1)
#   PEER1, PEER2, PEER3     addresses for the other hubs (127.0.0.1)
set -eu
QUASAR=${QUASAR:-quasar}
DIR=${DIR:-three-hubs}
mkdir -p "$DIR"

of() { eval "printf '%s' \"\${$1$2:-$3}\""; } # NAME, number, default
listen() { printf '%s:%s' "$(of HOST "$1" 127.0.0.1)" $((${PORT1:-7860} + $1 - 1)); }
peer() { printf '%s:%s' "$(of PEER "$1" 127.0.0.1)" $((${CLUSTER_PORT1:-7870} + $1 - 1)); }

cluster() {
	case "${FLAGS:-}" in *--nats-url*) return ;; esac
	printf -- '--cluster-listen %s --cluster-peers %s,%s,%s' "$(peer "$1")" "$(peer 1)" "$(peer 2)" "$(peer 3)"
}

start() {
	# shellcheck disable=SC2046,SC2086 # words are what these are
	$(of ENTER "$1" '') "$QUASAR" hub --hub-id "$(of ID "$1" "hub-$1")" --listen "$(listen "$1")" \
		$(cluster "$1") ${FLAGS:-} >>"$DIR/$1.log" 2>&1 </dev/null &
	echo $! >"$DIR/$1.pid"
}

signal() { kill "-$1" "$(cat "$DIR/$2.pid")" 2>/dev/null || true; }

ready() {
	n=0
	until curl -fsS -o /dev/null "http://$(listen "$1")/readyz" 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt 100 ] || { echo "hub $1 is not ready after 10 s; see $DIR/$1.log" >&2; exit 1; }
		sleep 0.1
	done
}

vacant() { # or else its process number would be lost
	! curl -fsS -o /dev/null "http://$(listen "$1")/livez" 2>/dev/null || { echo "hub $1 is up already, or another one is there: http://$(listen "$1")/" >&2; exit 1; }
}

case "${1:-}" in
up)
	for i in 1 2 3; do vacant $i; done
	for i in 1 2 3; do start $i; done
	for i in 1 2 3; do ready $i; done
	for i in 1 2 3; do echo "http://$(listen $i)/"; done
	;;
down) for i in 1 2 3; do signal TERM $i; done ;;
start) start "$2" ;;
stop) signal TERM "$2" ;;
kill) signal KILL "$2" ;;
status) for i in 1 2 3; do curl -sS "http://$(listen $i)/health" || true; echo; done ;;
*) sed -n '2,19s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
