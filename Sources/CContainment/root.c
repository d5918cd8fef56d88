#define _GNU_SOURCE
#include "parts.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

// <sys/mount.h> and <linux/mount.h> declare the same names.
int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);
enum { bind = 4096, recursive = 16384, private = 1 << 18, no_suid = 2, no_dev = 4, no_exec = 8, detach = 2 };

static int set_attributes(const char *path, uint64_t attributes, unsigned flags) {
    struct mount_attr change = {.attr_set = attributes};
    return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &change, sizeof change);
}

/// Makes the folders above a path. Nobody else is in the new root yet, so no path can change under it.
static int make_folders(char *path, int with_last) {
    for (char *slash = path + 1; *slash; slash++) {
        if (*slash != '/') continue;
        *slash = 0;
        int failed = mkdir(path, 0755) != 0 && errno != EEXIST;
        *slash = '/';
        if (failed) return -1;
    }
    return with_last && mkdir(path, 0755) != 0 && errno != EEXIST ? -1 : 0;
}

static int show_existing(const struct containment_path *shown, char *target) {
    struct stat status;
    if (stat(shown->source, &status) != 0) return -1;
    int is_folder = S_ISDIR(status.st_mode);
    if (make_folders(target, is_folder) != 0) return -1;
    if (!is_folder) {
        int file = open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (file >= 0) close(file);
        else if (access(target, F_OK) != 0) return -1;
    }
    if (mount(shown->source, target, NULL, bind | recursive, NULL) != 0) return -1;
    uint64_t attributes = MOUNT_ATTR_NOSUID;
    if (shown->kind != CONTAINMENT_DEVICE) attributes |= MOUNT_ATTR_NODEV;
    if (shown->kind == CONTAINMENT_READ) attributes |= MOUNT_ATTR_RDONLY;
    return set_attributes(target, attributes, AT_RECURSIVE);
}

/// Lets the namespace have no more processes and threads, also where root runs it, whose processes the kernel does not limit.
///
/// Older kernels than 6.14 have one number for the whole machine, which must not be touched.
static int limit_processes(const char *processes, uint64_t most) {
    struct utsname system;
    int major = 0, minor = 0;
    if (uname(&system) != 0 || sscanf(system.release, "%d.%d", &major, &minor) != 2) return 0;
    if (major < 6 || (major == 6 && minor < 14)) return 0;
    char path[PATH_MAX], text[32];
    snprintf(path, sizeof path, "%s/sys/kernel/pid_max", processes);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return 0;
    // The kernel takes no number below 301.
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)(most < 301 ? 301 : most));
    int failed = write(file, text, (size_t)length) != length;
    close(file);
    return failed && geteuid() == 0 ? -1 : 0;
}

static int show(const struct containment_path *shown, const char *root, uint64_t processes) {
    char target[PATH_MAX];
    if (snprintf(target, sizeof target, "%s%s", root, shown->target) >= (int)sizeof target) {
        errno = ENAMETOOLONG;
        return -1;
    }
    switch (shown->kind) {
    case CONTAINMENT_LINK:
        return make_folders(target, 0) || symlink(shown->source, target) ? -1 : 0;
    case CONTAINMENT_EMPTY:
        return make_folders(target, 1) || mount("none", target, "tmpfs", no_suid | no_dev, "mode=755,size=1m") ? -1 : 0;
    case CONTAINMENT_MEMORY:
        return make_folders(target, 1) || mount("none", target, "tmpfs", no_suid | no_dev, shown->source) ? -1 : 0;
    case CONTAINMENT_PROCESSES:
        if (make_folders(target, 1) || mount("proc", target, "proc", no_suid | no_dev | no_exec, NULL)) return -1;
        if (limit_processes(target, processes) != 0) return -1;
        // The user that is root outside could change settings of the kernel.
        return set_attributes(target, MOUNT_ATTR_RDONLY, 0);
    default:
        return show_existing(shown, target);
    }
}

step_t containment_enter_root(const struct containment *containment) {
    const char *root = containment->root;
    if (mount(NULL, "/", NULL, recursive | private, NULL) != 0) return "part the mounts";
    if (mount("none", root, "tmpfs", no_suid | no_dev, "mode=755,size=4m") != 0) return "mount a root";
    for (size_t index = 0; index < containment->path_count; index++) {
        const struct containment_path *shown = &containment->paths[index];
        if (show(shown, root, containment->processes) != 0 && !shown->is_optional) return shown->target;
    }
    for (size_t index = 0; index < containment->path_count; index++) {
        char target[PATH_MAX];
        if (containment->paths[index].kind != CONTAINMENT_EMPTY) continue;
        snprintf(target, sizeof target, "%s%s", root, containment->paths[index].target);
        if (set_attributes(target, MOUNT_ATTR_RDONLY, 0) != 0) return "close the root";
    }
    if (set_attributes(root, MOUNT_ATTR_RDONLY, 0) != 0) return "close the root";
    if (chdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return "enter the root";
    if (umount2(".", detach) != 0 || chdir("/") != 0) return "leave the old root";
    return NULL;
}
