# shellcheck shell=bash
# What people and the runner see while things are prepared.
#
# Human lines go to stderr. With PREPARE_PROGRESS_FD=N, machine lines go to descriptor N instead:
#     step<TAB>done<TAB>total<TAB>text\n       (done or total 0: not known)
# While a step runs its line comes twice a second, so that its reader can show how long it takes.
# Standard output stays free for the one JSON object that a command answers with.

readonly EXIT_FAILED=1 EXIT_USAGE=4
LOG_FILE=  # the log of the step that runs now
STEP_BEGAN=0 # the time of its beginning, as of SECONDS
LAST_TEXT= # the last line of progress, when standard error is no terminal

say() {
	if [[ -z ${PREPARE_PROGRESS_FD:-} ]]; then
		printf 'prepare: %s\n' "$*" >&2
	else
		progress note 0 0 "$*"
	fi
}

# progress STEP DONE TOTAL TEXT...
progress() {
	local step=$1 done=$2 total=$3
	shift 3
	if [[ -n ${PREPARE_PROGRESS_FD:-} ]]; then
		printf '%s\t%d\t%d\t%s\n' "$step" "$done" "$total" "$*" >&"$PREPARE_PROGRESS_FD"
	elif [[ -t 2 && $total -gt 0 && $done -gt 0 ]]; then
		printf '\r\033[Kprepare: %s %d%%' "$*" $((done * 100 / total)) >&2
		((done < total)) || printf '\n' >&2
	elif [[ -t 2 && $total -gt 0 ]]; then
		printf '\r\033[Kprepare: %s, %d s' "$*" $((SECONDS - STEP_BEGAN)) >&2
	elif [[ $* != "$LAST_TEXT" ]]; then
		printf 'prepare: %s\n' "$*" >&2
		LAST_TEXT=$*
	fi
}

# usage_error MESSAGE...: the caller of this script made a mistake.
usage_error() {
	printf 'prepare: %s\n' "$*" >&2
	printf 'Run "prepare help" for the commands and their options.\n' >&2
	exit "$EXIT_USAGE"
}

# fail WHAT WHAT_TO_DO: one message, then the end. With a log: its last lines and where it is.
fail() {
	{
		if [[ -t 2 && -z ${PREPARE_PROGRESS_FD:-} ]]; then printf '\r\033[K'; fi
		printf 'prepare: %s\n' "$1"
		if [[ -n $LOG_FILE && -s $LOG_FILE ]]; then
			printf -- '--- the last lines of %s\n' "$LOG_FILE"
			tail -n 20 -- "$LOG_FILE"
			printf -- '---\nThe whole log: %s\n' "$LOG_FILE"
		fi
		printf 'What to do: %s\n' "$2"
	} >&2
	exit "$EXIT_FAILED"
}

# advice_from_log DIRECTORY DEFAULT: what to do about a failed step, judged by what its log says.
# DIRECTORY is where the step was writing.
advice_from_log() {
	local free_kib
	free_kib=$(df -Pk -- "$1" 2>/dev/null | awk 'NR == 2 { print $4 }')
	if grep -qE 'No space left on device|Disk quota exceeded' "$LOG_FILE" ||
		[[ ${free_kib:-999999} -lt 65536 ]]; then
		echo "the disk is full ($((${free_kib:-0} / 1024)) MiB free in $1): make room (a CPython" \
			"pair and NumPy take 2 GiB), or set FTSTRESS_CACHE to a folder on a larger disk," \
			"then run the same command again."
	elif grep -qE 'out of memory|Killed signal|Cannot allocate memory|unable to execute command: Killed' \
		"$LOG_FILE"; then
		echo "a compiler ran out of memory: run the same command again with FTSTRESS_JOBS=1."
	elif grep -qE 'Could not resolve host|Temporary failure in name resolution|Failed to establish a new connection|Network is unreachable|Connection (refused|timed out)|Read timed out|NewConnectionError|ConnectTimeout' \
		"$LOG_FILE"; then
		echo "the network was not reached: check the connection and pip's settings" \
			"(pip config list: index-url, proxy, find-links), then run the same command again."
	elif grep -qE 'No matching distribution found|Could not find a version that satisfies' "$LOG_FILE" &&
		! grep -q 'Failed building wheel' "$LOG_FILE"; then # else it was found, as a source
		echo "no such version exists for this Python, or the index has no file of that kind:" \
			"check the requirement's name and version in the suite file."
	elif grep -qiE 'C compiler cannot create executables|clang[^ ]*: (command )?not found|no acceptable C compiler|Unknown compiler' \
		"$LOG_FILE"; then
		echo "the compiler does not work: run \"prepare apt\" to install it."
	else
		echo "$2"
	fi
}

# run_logged STEP TOTAL PROBE TEXT -- COMMAND...: runs a command with its output in LOG_FILE and
# shows how far it is. PROBE is a function that prints how much of TOTAL is done ("-": none).
# Returns the command's status. The command gets its own process group, so that ending `prepare`
# ends all of it.
run_logged() {
	local step=$1 total=$2 probe=$3 text=$4 status=0 wake
	shift 5
	STEP_BEGAN=$SECONDS
	progress "$step" 0 "$total" "$text"
	# A pipe that wakes the loop below at once when the command ends.
	exec {wake}<> <(:)
	set -m
	{
		# Whoever reads our progress waits for its end, which a compiler left over must not hold up.
		if [[ -n ${PREPARE_PROGRESS_FD:-} ]]; then
			exec {PREPARE_PROGRESS_FD}>&-
			unset PREPARE_PROGRESS_FD
		fi
		"$@" >>"$LOG_FILE" 2>&1 </dev/null {wake}>&- || status=$?
		echo >&"$wake"
		exit "$status"
	} &
	CHILD=$!
	set +m
	until read -rt 0.5 -u "$wake"; do
		kill -0 "$CHILD" 2>/dev/null || break
		if [[ $probe == - ]]; then
			progress "$step" 0 "$total" "$text"
		else
			progress "$step" "$("$probe")" "$total" "$text"
		fi
	done
	wait "$CHILD" || status=$?
	exec {wake}>&-
	CHILD=
	((status != 0)) || progress "$step" "$total" "$total" "$text"
	return "$status"
}

CHILD= # the process group of the command that run_logged runs
TWIN=  # a second one of ours, which ends its own (packages.sh)
UNFINISHED= # a folder that goes with us if we end before it is of use
end_child() {
	if [[ -n $TWIN ]]; then
		kill -TERM "$TWIN" 2>/dev/null || true
		# Whoever ends us kills what is left of our group then: not before it has ended its own.
		wait "$TWIN" 2>/dev/null || true
		TWIN=
	fi
	if [[ -n $CHILD ]]; then
		kill -TERM -- "-$CHILD" 2>/dev/null || true
		CHILD=
	fi
	if [[ -n $UNFINISHED ]]; then
		rm -rf -- "$UNFINISHED"
		UNFINISHED=
	fi
}
trap 'end_child' EXIT
trap 'end_child; printf "\nprepare: interrupted; what is finished stays in the cache\n" >&2; exit 130' INT
trap 'end_child; exit 143' TERM HUP
trap 'end_child; exit 141' PIPE
