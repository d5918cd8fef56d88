// Makes the n-th call that changes a file below one directory fail, or cut off, or be the process's last.
//
//   clang -shared -fPIC -o faults.so faults.c
//   LD_PRELOAD=faults.so FAULT_BELOW=/…/cache FAULT_AT=17 FAULT_KIND=fail decant build …
//
// FAULT_KIND: fail (the call returns an error), short (a write puts half of its bytes down and then says that the disk is full;
// other calls fail), crash (a write puts half of its bytes down, and the process ends there; other calls end it before they
// happen). FAULT_COUNT names a file that gets the number of calls seen.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls;

static const char *below(void) { return getenv("FAULT_BELOW"); }

static int path_counts(const char *path) {
    const char *root = below();
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int descriptor_counts(int descriptor) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = syscall(SYS_readlink, link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return path_counts(path);
}

__attribute__((destructor)) static void report(void) {
    const char *file = getenv("FAULT_COUNT");
    if (!file) return;
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", atomic_load(&calls));
    int descriptor = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    syscall(SYS_write, descriptor, text, length);
    syscall(SYS_close, descriptor);
}

enum kind { NONE, FAIL, SHORT, CRASH };

static enum kind fault(void) {
    const char *at = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (!at || atol(at) != call) return NONE;
    if (kind && !strcmp(kind, "crash")) return CRASH;
    return kind && !strcmp(kind, "short") ? SHORT : FAIL;
}

static void end(void) { syscall(SYS_exit_group, 137); }

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (descriptor_counts(descriptor)) {
        enum kind kind = fault();
        if (kind == SHORT || kind == CRASH) syscall(SYS_write, descriptor, bytes, count / 2);
        if (kind == CRASH) end();
        if (kind != NONE) { errno = ENOSPC; return -1; }
    }
    return syscall(SYS_write, descriptor, bytes, count);
}

static ssize_t write_at(int descriptor, const void *bytes, size_t count, off_t offset) {
    if (descriptor_counts(descriptor)) {
        enum kind kind = fault();
        if (kind == SHORT || kind == CRASH) syscall(SYS_pwrite64, descriptor, bytes, count / 2, offset);
        if (kind == CRASH) end();
        if (kind != NONE) { errno = ENOSPC; return -1; }
    }
    return syscall(SYS_pwrite64, descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) { return write_at(descriptor, bytes, count, offset); }
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) { return write_at(descriptor, bytes, count, offset); }

// Says whether the call is to go on; ends the process where it is the last one.
static int may(int counts) {
    if (!counts) return 1;
    enum kind kind = fault();
    if (kind == CRASH) end();
    return kind == NONE;
}

#define OR_FAIL(condition, code) \
    if (!may(condition)) { errno = code; return -1; }

int rename(const char *from, const char *to) {
    OR_FAIL(path_counts(to), EIO)
    return REAL(rename)(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    OR_FAIL(path_counts(to), EIO)
    return REAL(renameat)(from_folder, from, to_folder, to);
}

int link(const char *from, const char *to) {
    OR_FAIL(path_counts(to), EIO)
    return REAL(link)(from, to);
}

int mkdir(const char *path, mode_t mode) {
    OR_FAIL(path_counts(path), ENOSPC)
    return REAL(mkdir)(path, mode);
}

int fsync(int descriptor) {
    OR_FAIL(descriptor_counts(descriptor), EIO)
    return REAL(fsync)(descriptor);
}

int fdatasync(int descriptor) {
    OR_FAIL(descriptor_counts(descriptor), EIO)
    return REAL(fdatasync)(descriptor);
}

int ftruncate64(int descriptor, off_t size) {
    OR_FAIL(descriptor_counts(descriptor), EIO)
    return syscall(SYS_ftruncate, descriptor, size);
}

int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }
