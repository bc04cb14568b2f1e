/*
 * steps.c - counts the instructions that a program carries out between two marks, one by one.
 *
 *   steps PROGRAM [ARG...]
 *
 * A mark is an undefined instruction (ud2) in the program's first thread. The 1st, 3rd, ... mark
 * begins a count, the next one ends it; each count is a line "steps N" on standard error. Each
 * instruction is a stop for the tracer, so what is counted does not depend on the machine, its load or
 * its caches. (valgrind, which counts faster, does not run ThreadSanitizer.)
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Goes on behind the mark that the process has stopped at. */
static void skip_mark(pid_t pid)
{
	struct user_regs_struct registers;
	ptrace(PTRACE_GETREGS, pid, NULL, &registers);
	registers.rip += 2;
	ptrace(PTRACE_SETREGS, pid, NULL, &registers);
}

static int trace(pid_t pid)
{
	bool counting = false;
	uint64_t steps = 0;
	int status, signal_number = 0;
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 1;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC);
	for (;;) {
		if (ptrace(counting ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, NULL,
			   (void *)(intptr_t)signal_number) != 0 ||
		    waitpid(pid, &status, __WALL) != pid)
			return 1;
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		signal_number = 0;
		if (WSTOPSIG(status) == SIGTRAP) {
			steps++;
		} else if (WSTOPSIG(status) == SIGILL) {
			if (counting)
				fprintf(stderr, "steps %lu\n", steps);
			counting = !counting;
			steps = 0;
			skip_mark(pid);
		} else {
			signal_number = WSTOPSIG(status);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 99;
	pid_t pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	return trace(pid);
}
