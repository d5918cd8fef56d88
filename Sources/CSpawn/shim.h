#include <spawn.h>

// Swift's own view of the C library leaves these extensions of GNU's out.
int pipe2(int ends[2], int flags);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// Of <sched.h>: a copy of the mount table for this process.
#define DECANT_NEW_MOUNTS 0x00020000
int unshare(int flags);
int sched_getaffinity(pid_t process, size_t size, cpu_set_t *set);
