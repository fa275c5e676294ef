/*
 * Process 1 of containers that are run with --init, where the machine has no docker-init or tini: starts the command, passes signals on to it,
 * reaps what else becomes its child, and ends as the command ended. Static and without a C library, since it runs in any image.
 * System calls: syscall(2), sigaction(2), rt_sigtimedwait(2), wait4(2); exit codes as a shell's.
 */
typedef unsigned long word;
typedef long result;

#if defined(__x86_64__)
enum { SYS_write = 1, SYS_sigprocmask = 14, SYS_ioctl = 16, SYS_getpid = 39, SYS_clone = 56, SYS_execve = 59, SYS_exit = 60, SYS_wait4 = 61, SYS_kill = 62, SYS_setpgid = 109, SYS_sigtimedwait = 128 };

static result call(word n, word a, word b, word c, word d, word e)
{
    result r;
    register word r10 __asm__("r10") = d;
    register word r8 __asm__("r8") = e;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return r;
}

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#elif defined(__aarch64__)
enum { SYS_write = 64, SYS_sigprocmask = 135, SYS_ioctl = 29, SYS_getpid = 172, SYS_clone = 220, SYS_execve = 221, SYS_exit = 93, SYS_wait4 = 260, SYS_kill = 129, SYS_setpgid = 154, SYS_sigtimedwait = 137 };

static result call(word n, word a, word b, word c, word d, word e)
{
    register word x8 __asm__("x8") = n;
    register word x0 __asm__("x0") = a;
    register word x1 __asm__("x1") = b;
    register word x2 __asm__("x2") = c;
    register word x3 __asm__("x3") = d;
    register word x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return (result)x0;
}

__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x0, sp\n\tbl start\n");
#else
#error "no system calls for this architecture"
#endif

enum { SIG_BLOCK = 0, SIG_SETMASK = 2, SIGCHLD = 17, WNOHANG = 1, TIOCSPGRP = 0x5410, ENOENT = 2, ENOTDIR = 20, EACCES = 13, PATH_MAX = 4096, SIGNAL_SET = 8 };

static word length(const char *text)
{
    word n = 0;
    while (text[n])
        n++;
    return n;
}

static void say(const char *text)
{
    call(SYS_write, 2, (word)text, length(text), 0, 0);
}

/* A name without a slash is looked for in PATH, as execvp(3) does. Answers the errno that says most. */
static result run(const char *name, char **arguments, char **environment)
{
    static char full[PATH_MAX];
    const char *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    result best = ENOENT;
    word size = length(name);
    for (const char *at = name; *at; at++)
        if (*at == '/')
            return -call(SYS_execve, (word)name, (word)arguments, (word)environment, 0, 0);
    for (char **entry = environment; *entry; entry++)
        if ((*entry)[0] == 'P' && (*entry)[1] == 'A' && (*entry)[2] == 'T' && (*entry)[3] == 'H' && (*entry)[4] == '=')
            path = *entry + 5;
    while (*path) {
        word n = 0;
        while (path[n] && path[n] != ':')
            n++;
        if (n > 0 && n + size + 2 <= sizeof full) {
            word at = 0;
            for (; at < n; at++)
                full[at] = path[at];
            full[at++] = '/';
            for (word i = 0; i <= size; i++)
                full[at + i] = name[i];
            result error = -call(SYS_execve, (word)full, (word)arguments, (word)environment, 0, 0);
            if (error != ENOENT && error != ENOTDIR)
                best = error;
        }
        path += n;
        if (*path == ':')
            path++;
    }
    return best;
}

static void leave(int code)
{
    for (;;)
        call(SYS_exit, (word)code, 0, 0, 0, 0);
}

__attribute__((used)) void start(word *stack)
{
    word count = stack[0];
    char **arguments = (char **)(stack + 1);
    char **environment = arguments + count + 1;
    word all = ~0ul, before = 0;
    arguments++;
    if (*arguments && (*arguments)[0] == '-' && (*arguments)[1] == '-' && !(*arguments)[2])
        arguments++;
    if (!*arguments) {
        say("init: no command\n");
        leave(1);
    }

    call(SYS_sigprocmask, SIG_BLOCK, (word)&all, (word)&before, SIGNAL_SET, 0);
    result child = call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child < 0) {
        say("init: cannot start a process\n");
        leave(1);
    }

    if (child == 0) {
        /* A process group of its own, which a terminal then obeys: ^C is for the command. The kernel would stop us for asking, were SIGTTOU not blocked. */
        call(SYS_setpgid, 0, 0, 0, 0, 0);
        int own = (int)call(SYS_getpid, 0, 0, 0, 0, 0);
        call(SYS_ioctl, 0, TIOCSPGRP, (word)&own, 0, 0);
        call(SYS_sigprocmask, SIG_SETMASK, (word)&before, 0, SIGNAL_SET, 0);
        result error = run(arguments[0], arguments, environment);
        say("init: cannot execute ");
        say(arguments[0]);
        say(error == ENOENT || error == ENOTDIR ? ": no such file or directory\n" : error == EACCES ? ": permission denied\n" : ": not executable\n");
        leave(error == ENOENT || error == ENOTDIR ? 127 : 126);
    }

    for (;;) {
        result signal = call(SYS_sigtimedwait, (word)&all, 0, 0, SIGNAL_SET, 0);
        if (signal < 0)
            continue;
        if (signal != SIGCHLD) {
            call(SYS_kill, (word)child, (word)signal, 0, 0, 0);
            continue;
        }

        int status, ended = -1;
        result pid;
        while ((pid = call(SYS_wait4, (word)-1, (word)&status, WNOHANG, 0, 0)) > 0)
            if (pid == child)
                ended = (status & 0x7f) ? 128 + (status & 0x7f) : (status >> 8) & 0xff;
        if (ended >= 0)
            leave(ended);
    }
}
