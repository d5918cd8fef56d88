#include <microhttpd.h>
#include <sys/epoll.h>

/* Swift cannot call a variadic function. One thread of the library serves all connections. */
static inline struct MHD_Daemon *decant_http_start(
    int listener, unsigned connections, unsigned idle_seconds, size_t memory, MHD_AccessHandlerCallback asked,
    MHD_RequestCompletedCallback ended, MHD_NotifyConnectionCallback changed, void *context) {
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, asked, context,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_NOTIFY_COMPLETED, ended, context, MHD_OPTION_NOTIFY_CONNECTION, changed, context, MHD_OPTION_END);
}

static inline int decant_http_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/* A union of C, whose member Swift cannot set by its name. */
static inline int decant_epoll_add(int set, int socket, uint64_t number) {
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data = {.u64 = number}};
    return epoll_ctl(set, EPOLL_CTL_ADD, socket, &event);
}

/* Swift knows the library's enumerations by other names, which change with the attributes that a release gives them. */
static const enum MHD_Result decant_http_yes = MHD_YES;
static const enum MHD_Result decant_http_no = MHD_NO;
static const ssize_t decant_http_end = MHD_CONTENT_READER_END_OF_STREAM;
static const ssize_t decant_http_failure = MHD_CONTENT_READER_END_WITH_ERROR;

static inline int decant_http_is_complete(enum MHD_RequestTerminationCode code) {
    return code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
}
static inline int decant_http_has_started(enum MHD_ConnectionNotificationCode code) {
    return code == MHD_CONNECTION_NOTIFY_STARTED;
}
static inline struct MHD_Response *decant_http_response(size_t size, void *bytes) {
    return MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_COPY);
}
static inline void decant_http_headers(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context) {
    MHD_get_connection_values(connection, MHD_HEADER_KIND, each, context);
}
