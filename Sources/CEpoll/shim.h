#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>

/* Swift's view of the C library leaves epoll out, and cannot spell some of its constants. */

#define DECANT_MOST_READY 256

/* A descriptor that can be read or written, under the number that it was added with. */
struct decant_ready {
    uint32_t number;
    bool reads;
    bool writes;
};

static inline int decant_queue_make(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int decant_queue_set(int queue, bool is_new, int descriptor, uint32_t number, bool writes) {
    struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.u32 = number};
    return epoll_ctl(queue, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event);
}

/* Whatever a descriptor's end or error is, a read or a write says it. */
static inline int decant_queue_wait(int queue, struct decant_ready *ready, int most, int milliseconds) {
    struct epoll_event events[DECANT_MOST_READY];
    int count = epoll_wait(queue, events, most < DECANT_MOST_READY ? most : DECANT_MOST_READY, milliseconds);
    for (int i = 0; i < count; i++) {
        uint32_t happened = events[i].events;
        ready[i].number = events[i].data.u32;
        ready[i].reads = happened & (EPOLLIN | EPOLLHUP | EPOLLERR);
        ready[i].writes = happened & (EPOLLOUT | EPOLLHUP | EPOLLERR);
    }
    return count;
}

static inline int decant_alarm_make(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); }

/* Rings at a time of the monotonic clock, in nanoseconds; never for 0. */
static inline int decant_alarm_set(int alarm, int64_t nanoseconds) {
    struct itimerspec time = {{0, 0}, {nanoseconds / 1000000000, nanoseconds % 1000000000}};
    return timerfd_settime(alarm, TFD_TIMER_ABSTIME, &time, 0);
}

/* Lets this process open as many files as it may. */
static inline void decant_open_more_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}
