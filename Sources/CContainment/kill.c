#define _GNU_SOURCE
#include "parts.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct folder_entry {
    uint64_t number;
    int64_t next;
    unsigned short length;
    unsigned char type;
    char name[];
};

/// Whether a process has this one as its parent.
static int is_child(int processes, const char *name) {
    char path[64], text[512];
    snprintf(path, sizeof path, "%.20s/stat", name);
    int file = openat(processes, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return 0;
    text[count] = 0;
    // "12 (name) S 3 …": the name may hold anything, brackets too.
    const char *end = strrchr(text, ')');
    return end && strlen(end) > 4 && strtol(end + 4, NULL, 10) == getpid();
}

static void kill_listed_children(void) {
    _Alignas(8) char entries[16384];
    int processes = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (processes < 0) return;
    for (long count; (count = syscall(SYS_getdents64, processes, entries, sizeof entries)) > 0;) {
        for (long offset = 0; offset < count;) {
            const struct folder_entry *entry = (const struct folder_entry *)(entries + offset);
            offset += entry->length;
            if (entry->name[0] < '1' || entry->name[0] > '9') continue;
            if (is_child(processes, entry->name)) kill((pid_t)strtol(entry->name, NULL, 10), SIGKILL);
        }
    }
    close(processes);
}

void containment_kill_children(pid_t leader) {
    // The kernel kills a group at once, so that no fork can outrun it.
    kill(-leader, SIGKILL);
    // Children of the killed become this process's own, until there are none.
    for (int round = 0; round < 1000; round++) {
        kill_listed_children();
        for (pid_t ended; (ended = waitpid(-1, NULL, WNOHANG)) != 0;) {
            if (ended < 0 && errno == ECHILD) return;
        }
        usleep(5000);
    }
}
