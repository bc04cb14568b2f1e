/* ending.c - see ending.h. */
#include "runner/trial/ending.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "runner/base/meanwhile.h"
#include "runner/base/util.h"

char *ending_text(int status)
{
	if (WIFSIGNALED(status)) {
		char *name = signal_text(WTERMSIG(status)), *text = xprintf("it died of %s", name);
		free(name);
		return text;
	}
	return xprintf("it ended with status %d", WEXITSTATUS(status));
}

void end_iteration(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	for (int i = 0; i < 2000 && kill(pid, 0) == 0; i++) {
		waitpid(pid, NULL, WNOHANG); /* once the zygote is dead, it is a child of ours */
		struct timespec wait = { 0, 1000000 };
		nanosleep(&wait, NULL);
		meanwhile();
	}
}

int end_child(pid_t pid)
{
	siginfo_t info = { 0 };
	kill(pid, SIGKILL);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		continue;
	return info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status & 0x7f;
}
