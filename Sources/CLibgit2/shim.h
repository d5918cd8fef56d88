#include <git2.h>

/* The library's options are variadic, which Swift cannot call. */

/// Makes every write of the library reach the disk before it returns.
static inline int decant_enable_fsync(void) { return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1); }

/// Leaves it to the caller to ask whose a repository is.
static inline int decant_leave_owners_to_caller(void) { return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0); }

/// Lets the library find no settings of a level, such as those of a person whose home cannot be read.
static inline int decant_forget_settings(int level) { return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, ""); }

/// Names the authorities that sign the certificates of servers: a file, a folder, or both.
static inline int decant_set_authorities(const char *file, const char *folder) {
    return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, folder);
}
