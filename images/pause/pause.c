// Process 1 of a pod: holds the network namespace open, reaps the orphans that app containers leave
// (when they share its process namespace), and ends at once when asked to.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal) { _exit(128 + signal); }

static void reap(int signal) {
  (void)signal;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

int main(void) {
  struct sigaction on = {.sa_handler = end};
  // Process 1 gets no default action for a signal: one that is not handled would be ignored.
  if (sigaction(SIGTERM, &on, NULL) || sigaction(SIGINT, &on, NULL)) return 1;
  on.sa_handler = reap;
  on.sa_flags = SA_NOCLDSTOP | SA_RESTART;
  if (sigaction(SIGCHLD, &on, NULL)) return 1;
  for (;;) pause();
}
