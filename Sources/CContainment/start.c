#define _GNU_SOURCE
#include "parts.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { report_end = 3, lifeline_end = 4, first_other = 5 };

static void report(enum containment_event event, int value, step_t step) {
    struct containment_report message = {.event = event, .value = value};
    if (step) strncpy(message.step, step, sizeof message.step - 1);
    if (write(report_end, &message, sizeof message) < 0) _exit(126);
}

static void refuse(step_t step) {
    report(CONTAINMENT_REFUSED, errno, step);
    _exit(126);
}

static void close_from(unsigned first) {
    if (syscall(SYS_close_range, first, ~0u, 0) == 0) return;
    struct rlimit limit;
    unsigned end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (unsigned)limit.rlim_cur : 65536;
    for (unsigned descriptor = first; descriptor < end; descriptor++) close((int)descriptor);
}

/// Leaves the five descriptors that are needed, at known numbers.
static void settle_descriptors(const struct containment *containment) {
    // Copies above the known numbers, so that no number is taken before it is read.
    int report = fcntl(containment->report, F_DUPFD, 64), lifeline = fcntl(containment->lifeline, F_DUPFD, 64);
    int output = fcntl(containment->output, F_DUPFD, 64), nothing = open("/dev/null", O_RDONLY);
    if (report < 0 || lifeline < 0 || output < 0 || nothing < 0) _exit(126);
    dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    dup2(report, report_end);
    dup2(lifeline, lifeline_end);
    close_from(first_other);
}

static void settle_signals(void) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, text, strlen(text));
    int reason = errno;
    close(file);
    errno = reason;
    return written < 0 ? -1 : 0;
}

/// The same ids inside as outside, so that files have the owners that they had.
static void map_ids(uid_t user, gid_t group) {
    char text[64];
    snprintf(text, sizeof text, "%u %u 1\n", user, user);
    if (write_file("/proc/self/uid_map", text)) refuse("map the user");
    if (write_file("/proc/self/setgroups", "deny")) refuse("map the groups");
    snprintf(text, sizeof text, "%u %u 1\n", group, group);
    if (write_file("/proc/self/gid_map", text)) refuse("map the groups");
}

static void run_command(const struct containment *containment) {
    step_t failed = NULL;
    setsid();
    settle_signals();
    if (syscall(SYS_keyctl, 1 /* join a new session keyring */, NULL) < 0 && errno != ENOSYS && errno != EPERM)
        refuse("make a keyring");
    if (chdir(containment->directory) != 0) refuse("enter the directory");
    if ((failed = containment_set_limits(containment))) refuse(failed);
    if (!containment->has_namespaces) {
        // Root may enter a domain, others once they can gain no privilege.
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if ((failed = containment_enter_domain(containment))) refuse(failed);
    }
    if ((failed = containment_give_up_privileges(containment->has_namespaces))) refuse(failed);
    fcntl(report_end, F_SETFD, FD_CLOEXEC);
    fcntl(lifeline_end, F_SETFD, FD_CLOEXEC);
    execve(containment->program, containment->arguments, containment->environment);
    report(CONTAINMENT_NOT_STARTED, errno, NULL);
    _exit(127);
}

/// Waits until the command or the lifeline ends.
static void watch_command(pid_t command, int signals) {
    for (;;) {
        struct pollfd waiting[2] = {{.fd = signals, .events = POLLIN}, {.fd = lifeline_end, .events = POLLIN}};
        if (poll(waiting, 2, -1) < 0) {
            if (errno == EINTR) continue;
            return;
        }
        if (waiting[1].revents) return;
        struct signalfd_siginfo information;
        if (read(signals, &information, sizeof information) < 0 && errno != EINTR) return;
        int status;
        for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
            if (ended != command) continue;
            report(CONTAINMENT_ENDED, status, NULL);
            return;
        }
    }
}

/// The process above the command: the first of its namespace, whose end the kernel makes everybody's.
static void supervise(const struct containment *containment, uid_t user, gid_t group) {
    // The files of /proc that map ids belong to root otherwise.
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    settle_signals();
    settle_descriptors(containment);
    setsid();
    if (containment->has_namespaces) {
        map_ids(user, group);
        step_t failed = containment_enter_root(containment);
        if (failed) refuse(failed);
    } else if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        refuse("adopt orphans");
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    sigset_t ended_child;
    sigemptyset(&ended_child);
    sigaddset(&ended_child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended_child, NULL);
    int signals = signalfd(-1, &ended_child, SFD_CLOEXEC);
    if (signals < 0) refuse("watch the command");
    pid_t command = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (command < 0) refuse("start the command");
    if (command == 0) run_command(containment);
    watch_command(command, signals);
    if (!containment->has_namespaces) containment_kill_children(command);
    _exit(0);
}

pid_t containment_start(const struct containment *containment) {
    unsigned long flags = SIGCHLD;
    if (containment->has_namespaces)
        flags |= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    uid_t user = geteuid();
    gid_t group = getegid();
    pid_t process = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
    if (process == 0) supervise(containment, user, group);
    return process;
}

int containment_hide_this_process(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
