#include <sys/vfs.h>

/// The magic number of the file system that a path leads to; 0 where there is none. Swift's own view of the C library leaves
/// statfs out.
static inline unsigned int decant_file_system(const char *path) {
    struct statfs system;
    return statfs(path, &system) == 0 ? (unsigned int)system.f_type : 0;
}
