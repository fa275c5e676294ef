using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Swarm.Engine.Security;

/// <summary>
/// System calls by what they do (syscalls(2) and their own pages): those that act only on what the caller already has, those behind a
/// capability, and those that no container needs. A name unknown to the machine's libseccomp is skipped by the runtime.
/// </summary>
internal static class Syscalls
{
    private static readonly ImmutableArray<string> Files =
    [
        "access", "faccessat", "faccessat2", "chdir", "fchdir", "getcwd", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "chown32",
        "fchown", "fchown32", "fchownat", "lchown", "lchown32", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3",
        "fadvise64", "fadvise64_64", "fallocate", "fcntl", "fcntl64", "fdatasync", "fsync", "sync", "syncfs", "sync_file_range", "flock",
        "fstat", "fstat64", "fstatat64", "newfstatat", "lstat", "lstat64", "stat", "stat64", "statx", "statfs", "statfs64", "fstatfs",
        "fstatfs64", "ftruncate", "ftruncate64", "truncate", "truncate64", "getdents", "getdents64", "ioctl", "link", "linkat", "symlink",
        "symlinkat", "readlink", "readlinkat", "lseek", "_llseek", "mkdir", "mkdirat", "mknod", "mknodat", "rmdir", "unlink", "unlinkat",
        "rename", "renameat", "renameat2", "open", "openat", "openat2", "name_to_handle_at", "pipe", "pipe2", "read", "readv", "pread64",
        "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev", "pwritev2", "readahead", "sendfile", "sendfile64", "splice", "tee",
        "vmsplice", "umask", "utime", "utimes", "futimesat", "utimensat", "utimensat_time64", "cachestat",
        "getxattr", "lgetxattr", "fgetxattr", "getxattrat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "listxattr", "llistxattr",
        "flistxattr", "listxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
        "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch", "fanotify_mark",
    ];

    private static readonly ImmutableArray<string> Memory =
    [
        "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "pkey_alloc", "pkey_free", "pkey_mprotect", "msync", "mincore", "madvise",
        "mlock", "mlock2", "mlockall", "munlock", "munlockall", "memfd_create", "memfd_secret", "remap_file_pages", "map_shadow_stack",
        "mseal", "membarrier", "process_mrelease",
    ];

    private static readonly ImmutableArray<string> Processes =
    [
        "execve", "execveat", "exit", "exit_group", "fork", "vfork", "wait4", "waitid", "waitpid", "kill", "tkill", "tgkill",
        "pidfd_open", "pidfd_send_signal", "getpid", "getppid", "gettid", "getpgid", "setpgid", "getpgrp", "getsid", "setsid",
        "set_tid_address", "set_robust_list", "get_robust_list", "set_thread_area", "get_thread_area", "prctl", "rseq", "getcpu",
        "getrusage", "getrlimit", "ugetrlimit", "setrlimit", "prlimit64", "getpriority", "setpriority", "nice", "ioprio_get", "ioprio_set",
        "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getattr", "sched_setattr", "sched_getparam", "sched_setparam",
        "sched_getscheduler", "sched_setscheduler", "sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval",
        "sched_rr_get_interval_time64", "restart_syscall", "uretprobe",

        // The kernel checks who may trace whom; since 4.8 a traced process cannot slip past seccomp, so no capability is asked for.
        "ptrace", "process_vm_readv", "process_vm_writev",
    ];

    private static readonly ImmutableArray<string> Signals =
    [
        "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
        "rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaction", "sigaltstack", "signal", "signalfd", "signalfd4", "sigpending",
        "sigprocmask", "sigreturn", "sigsuspend", "pause", "alarm",
    ];

    private static readonly ImmutableArray<string> Identity =
    [
        "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32", "getresuid", "getresuid32",
        "getresgid", "getresgid32", "getgroups", "getgroups32", "setuid", "setuid32", "setgid", "setgid32", "setreuid", "setreuid32",
        "setregid", "setregid32", "setresuid", "setresuid32", "setresgid", "setresgid32", "setgroups", "setgroups32", "setfsuid",
        "setfsuid32", "setfsgid", "setfsgid32", "capget", "capset",

        // These three only ever take rights away.
        "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
    ];

    private static readonly ImmutableArray<string> Sockets =
    [
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "setsockopt", "listen", "recv", "recvfrom",
        "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "shutdown", "socketpair", "socketcall",
    ];

    private static readonly ImmutableArray<string> Waiting =
    [
        "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64", "epoll_create", "epoll_create1",
        "epoll_ctl", "epoll_ctl_old", "epoll_wait", "epoll_wait_old", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2",
        "futex", "futex_time64", "futex_waitv", "futex_wait", "futex_wake", "futex_requeue",
        "io_setup", "io_destroy", "io_submit", "io_cancel", "io_getevents", "io_pgetevents", "io_pgetevents_time64",
    ];

    private static readonly ImmutableArray<string> Ipc =
    [
        "ipc", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "semtimedop_time64", "shmat", "shmctl",
        "shmdt", "shmget", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend",
        "mq_timedsend_time64", "mq_unlink",
    ];

    private static readonly ImmutableArray<string> Clocks =
    [
        "time", "times", "gettimeofday", "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep",
        "clock_nanosleep_time64", "nanosleep", "getitimer", "setitimer", "timer_create", "timer_delete", "timer_getoverrun",
        "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64", "timerfd_create", "timerfd_gettime",
        "timerfd_gettime64", "timerfd_settime", "timerfd_settime64",

        // Reading needs no right; the kernel asks for CAP_SYS_TIME before it changes anything.
        "adjtimex", "clock_adjtime", "clock_adjtime64",
    ];

    private static readonly ImmutableArray<string> Machine =
        ["uname", "sysinfo", "getrandom", "lsm_get_self_attr", "lsm_list_modules"];

    public static ImmutableArray<string> Always { get; } =
        [.. Files, .. Memory, .. Processes, .. Signals, .. Identity, .. Sockets, .. Waiting, .. Ipc, .. Clocks, .. Machine];

    /// <summary>Allowed only under a condition on an argument: see <see cref="SeccompProfile"/>.</summary>
    public static ImmutableArray<string> Conditional { get; } = ["socket", "personality", "clone", "clone3"];

    /// <summary>By the capability that the kernel itself asks for, or ought to.</summary>
    public static ImmutableSortedDictionary<string, ImmutableArray<string>> ByCapability { get; } =
        new Dictionary<string, ImmutableArray<string>>
        {
            ["CAP_BPF"] = ["bpf"],
            ["CAP_DAC_READ_SEARCH"] = ["open_by_handle_at"],
            ["CAP_PERFMON"] = ["perf_event_open"],
            ["CAP_SYS_ADMIN"] =
            [
                "bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "listmount", "lookup_dcookie",
                "lsm_set_self_attr", "mount", "mount_setattr", "move_mount", "open_tree", "perf_event_open", "quotactl", "quotactl_fd",
                "setdomainname", "sethostname", "setns", "statmount", "syslog", "umount", "umount2", "unshare",
            ],
            ["CAP_SYS_BOOT"] = ["reboot"],
            ["CAP_SYS_CHROOT"] = ["chroot"],
            ["CAP_SYS_MODULE"] = ["delete_module", "finit_module", "init_module"],
            ["CAP_SYS_NICE"] = ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"],
            ["CAP_SYS_PACCT"] = ["acct"],
            ["CAP_SYS_PTRACE"] = ["kcmp", "pidfd_getfd", "process_madvise"],
            ["CAP_SYS_RAWIO"] = ["ioperm", "iopl"],
            ["CAP_SYS_TIME"] = ["clock_settime", "clock_settime64", "settimeofday", "stime"],
            ["CAP_SYS_TTY_CONFIG"] = ["vhangup"],
            ["CAP_SYSLOG"] = ["syslog"],
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Never allowed by default, whatever the capabilities: left out on purpose, each group with its reason.</summary>
    public static ImmutableArray<string> Denied { get; } =
    [
        // The kernel's keyrings are not namespaced: one container could read another's keys.
        "add_key", "keyctl", "request_key",

        // A new kernel, new swap, the root of all mounts: the machine's, not a container's.
        "kexec_file_load", "kexec_load", "pivot_root", "swapoff", "swapon", "nfsservctl",

        // Reached by many kernel exploits: user-held page faults, and io_uring, whose work seccomp does not see.
        "userfaultfd", "io_uring_enter", "io_uring_register", "io_uring_setup",

        // Moves other processes' pages between NUMA nodes; leaks where they are.
        "migrate_pages", "move_pages",

        // Obsolete or never built; kept out in case a kernel still answers.
        "_sysctl", "afs_syscall", "bdflush", "break", "create_module", "ftime", "get_kernel_syms", "getpmsg", "gtty", "idle", "lock",
        "mpx", "oldfstat", "oldlstat", "oldolduname", "oldstat", "olduname", "prof", "profil", "putpmsg", "query_module", "readdir",
        "security", "sgetmask", "ssetmask", "stty", "sysfs", "tuxcall", "ulimit", "uselib", "ustat", "vm86", "vm86old", "vserver",
    ];

    public static ImmutableArray<string> Of(Architecture architecture) => architecture switch
    {
        Architecture.X64 => ["arch_prctl", "modify_ldt"],
        Architecture.Arm64 => ["arm_fadvise64_64", "arm_sync_file_range", "sync_file_range2", "breakpoint", "cacheflush", "set_tls"],
        _ => [],
    };

    public static IEnumerable<string> Granted(IReadOnlySet<string> capabilities) =>
        ByCapability.Where(gate => capabilities.Contains(gate.Key)).SelectMany(gate => gate.Value).Distinct(StringComparer.Ordinal);
}
