#define _GNU_SOURCE
#include "parts.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Of <linux/landlock.h>, which older systems have in older versions.
enum { create_ruleset = 444, add_rule = 445, restrict_self = 446 };
enum { execute = 1, write_file = 2, read_file = 4, read_folder = 8, truncate_file = 1 << 14 };

struct ruleset {
    uint64_t file_access, network_access, scopes;
};

struct beneath {
    uint64_t allowed;
    int32_t folder;
} __attribute__((packed));

int containment_landlock_version(void) {
    long version = syscall(create_ruleset, NULL, 0, 1);
    return version > 0 ? (int)version : 0;
}

/// All that a version knows about files, but the calls of devices.
static uint64_t file_access(int version) {
    if (version < 2) return (1 << 13) - 1;
    return version < 3 ? (1 << 14) - 1 : (1 << 15) - 1;
}

static uint64_t allowed(const struct containment_path *shown, int is_folder) {
    switch (shown->kind) {
    case CONTAINMENT_READ: return execute | read_file | (is_folder ? read_folder : 0);
    case CONTAINMENT_WRITE:
    case CONTAINMENT_MEMORY: return ~UINT64_C(0);
    case CONTAINMENT_DEVICE: return read_file | write_file | truncate_file | (is_folder ? read_folder : 0);
    case CONTAINMENT_PROCESSES: return read_file | read_folder;
    default: return 0;
    }
}

static int allow(int rules, const struct containment_path *shown, uint64_t known) {
    int is_made = shown->kind == CONTAINMENT_PROCESSES || shown->kind == CONTAINMENT_MEMORY;
    const char *path = is_made ? shown->target : shown->source;
    struct stat status;
    int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0) return -1;
    int failed = fstat(place, &status) != 0;
    struct beneath rule = {.allowed = allowed(shown, S_ISDIR(status.st_mode)) & known, .folder = place};
    failed = failed || (rule.allowed && syscall(add_rule, rules, 1, &rule, 0) != 0);
    close(place);
    return failed ? -1 : 0;
}

step_t containment_enter_domain(const struct containment *containment) {
    int version = containment_landlock_version();
    if (version == 0) return NULL;
    uint64_t known = file_access(version);
    struct ruleset ruleset = {.file_access = known, .scopes = version >= 6 ? 3 : 0};
    size_t size = version < 4 ? 8 : version < 6 ? 16 : 24;
    int rules = (int)syscall(create_ruleset, &ruleset, size, 0);
    if (rules < 0) return "make rules for files";
    for (size_t index = 0; index < containment->path_count; index++) {
        const struct containment_path *shown = &containment->paths[index];
        if (shown->kind == CONTAINMENT_LINK || shown->kind == CONTAINMENT_EMPTY) continue;
        if (allow(rules, shown, known) != 0 && !shown->is_optional) return shown->target;
    }
    if (syscall(restrict_self, rules, 0) != 0) return "enter the rules for files";
    close(rules);
    return NULL;
}
