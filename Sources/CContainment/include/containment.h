/// A command that is started in a place of its own: namespaces and an inner root, or, where the kernel allows none, a Landlock
/// domain. All of it runs between fork and exec, so it takes no memory and calls nothing of Swift's.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// How a path is shown to the command.
enum containment_kind {
    /// `source`, a file or folder, which the command can read and run.
    CONTAINMENT_READ,
    /// `source`, a folder of the command's own.
    CONTAINMENT_WRITE,
    /// `source`, a device file.
    CONTAINMENT_DEVICE,
    /// A symbolic link whose text is `source`.
    CONTAINMENT_LINK,
    /// An empty folder over what is shown there already.
    CONTAINMENT_EMPTY,
    /// A folder in memory, for what programs share with each other.
    CONTAINMENT_MEMORY,
    /// The processes of the namespace.
    CONTAINMENT_PROCESSES,
};

struct containment_path {
    enum containment_kind kind;
    const char *source;
    const char *target;
    /// Whether the command can run without it.
    int is_optional;
};

struct containment {
    const char *program;
    char *const *arguments;
    char *const *environment;
    const char *directory;
    /// Where the command's standard output and error go.
    int output;
    /// Takes `struct containment_report`s.
    int report;
    /// When its other end closes, everything ends.
    int lifeline;
    /// Namespaces and an inner root; else a Landlock domain, if the kernel has any.
    int has_namespaces;
    /// An empty folder, on which the inner root is mounted.
    const char *root;
    const struct containment_path *paths;
    size_t path_count;
    /// Bytes of address space of each process; 0 sets no limit.
    uint64_t address_space;
    /// Bytes of each file.
    uint64_t file_size;
    /// Threads and processes together. The kernel counts them for users other than root, in a namespace.
    uint64_t processes;
};

enum containment_event {
    /// `step` could not be done, for the reason `value` (errno). Nothing of the command has run.
    CONTAINMENT_REFUSED = 1,
    /// The program could not be started, for the reason `value` (errno).
    CONTAINMENT_NOT_STARTED,
    /// The command ended with the status word `value` of wait(2).
    CONTAINMENT_ENDED,
};

struct containment_report {
    int32_t event;
    int32_t value;
    char step[24];
};

/// Starts the command and a process above it, which ends all that the command started when it or the lifeline ends.
///
/// - Returns: the id of the process above it, which is to be waited for, or -1 (errno).
pid_t containment_start(const struct containment *containment);

/// The version of Landlock; 0 where the kernel has none.
int containment_landlock_version(void);

/// Keeps other processes of the same user from reading this process's memory and environment.
int containment_hide_this_process(void);
