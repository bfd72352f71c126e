// Process 1 of a pod: keeps the network namespace alive, reaps orphaned processes of app containers that share its process
// namespace, and exits immediately when it gets a signal.
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
  // The kernel ignores signals for which process 1 has no handler.
  if (sigaction(SIGTERM, &on, NULL) || sigaction(SIGINT, &on, NULL)) return 1;
  on.sa_handler = reap;
  on.sa_flags = SA_NOCLDSTOP | SA_RESTART;
  if (sigaction(SIGCHLD, &on, NULL)) return 1;
  for (;;) pause();
}
