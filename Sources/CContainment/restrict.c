#define _GNU_SOURCE
#include "parts.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int set_limit(int which, uint64_t value) {
    struct rlimit limit;
    if (getrlimit(which, &limit) != 0) return -1;
    if (value < limit.rlim_max) limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(which, &limit);
}

step_t containment_set_limits(const struct containment *containment) {
    if (set_limit(RLIMIT_CORE, 0) || set_limit(RLIMIT_FSIZE, containment->file_size)) return "limit the files";
    // Without a namespace of users the kernel counts all processes that the user has anywhere.
    if (containment->has_namespaces && set_limit(RLIMIT_NPROC, containment->processes)) return "limit the processes";
    if (containment->address_space && set_limit(RLIMIT_AS, containment->address_space)) return "limit the memory";
    return NULL;
}

/// Calls that change mounts, namespaces, keys or the kernel, or reach into other processes. No command of a recipe needs them.
static const unsigned refused_calls[] = {
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
    SYS_fspick, 442 /* mount_setattr */, SYS_unshare, SYS_setns, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd, SYS_open_by_handle_at, SYS_init_module, SYS_finit_module, SYS_delete_module,
    SYS_kexec_load, SYS_kexec_file_load, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_syslog,
    SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_ioperm,
    SYS_iopl,
};

/// What could reach processes and programs outside where no namespace keeps them out of sight.
static const unsigned refused_calls_outside[] = {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, 438 /* pidfd_getfd */};

struct filter {
    struct sock_filter code[160];
    unsigned short count;
};

static void add(struct filter *filter, unsigned short code, unsigned value, unsigned char if_true, unsigned char if_false) {
    filter->code[filter->count++] = (struct sock_filter){code, if_true, if_false, value};
}

static void load(struct filter *filter, size_t offset) { add(filter, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0); }

static void answer(struct filter *filter, unsigned value) { add(filter, BPF_RET | BPF_K, value, 0, 0); }

/// Answers where what was loaded equals `value`.
static void answer_if(struct filter *filter, unsigned value, unsigned result) {
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    answer(filter, result);
}

static void refuse_sockets(struct filter *filter, int has_namespaces) {
    // Other families (of virtual machines, of hardware) know no namespaces.
    const unsigned char families = has_namespaces ? 4 : 3;
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, (unsigned char)(families + 3));
    load(filter, offsetof(struct seccomp_data, args[0]));
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, families, 0);
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, (unsigned char)(families - 1), 0);
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, (unsigned char)(families - 2), 0);
    if (has_namespaces) add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0);
    answer(filter, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    answer(filter, SECCOMP_RET_ALLOW);
}

static int filter_calls(int has_namespaces) {
    struct filter filter = {.count = 0};
    const unsigned forbidden = SECCOMP_RET_ERRNO | EPERM, unknown = SECCOMP_RET_ERRNO | ENOSYS;
    load(&filter, offsetof(struct seccomp_data, arch));
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    answer(&filter, unknown);
    load(&filter, offsetof(struct seccomp_data, nr));
    add(&filter, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); // the calls of 32-bit pointers
    answer(&filter, unknown);
    for (size_t index = 0; index < sizeof refused_calls / sizeof *refused_calls; index++)
        answer_if(&filter, refused_calls[index], forbidden);
    for (size_t index = 0; !has_namespaces && index < sizeof refused_calls_outside / sizeof *refused_calls_outside; index++)
        answer_if(&filter, refused_calls_outside[index], forbidden);
    // Programs fall back to calls whose arguments can be looked at.
    answer_if(&filter, SYS_clone3, unknown);
    for (unsigned number = 425; number <= 427; number++) answer_if(&filter, number, unknown); // io_uring
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
    load(&filter, offsetof(struct seccomp_data, args[0]));
    add(&filter, BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1);
    answer(&filter, forbidden);
    answer(&filter, SECCOMP_RET_ALLOW);
    refuse_sockets(&filter, has_namespaces);
    answer(&filter, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = filter.count, .filter = filter.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

step_t containment_give_up_privileges(int has_namespaces) {
    for (int capability = 0; capability < 64; capability++) {
        // Where it may not drop them, nobody gets them back either: no new privileges are allowed below.
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};
    if (syscall(SYS_capset, &header, none) != 0) return "drop capabilities";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "forbid new privileges";
    if (filter_calls(has_namespaces) != 0) return "filter system calls";
    return NULL;
}
