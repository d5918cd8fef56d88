#include <git2.h>

/// Makes every write of the library reach the disk before it returns. The option is variadic, which Swift cannot call.
static inline int decant_enable_fsync(void) { return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1); }
