#include <curl/curl.h>

/* Variadic functions, one for each type of argument: Swift cannot call them. */

typedef size_t (*decant_curl_data)(char *, size_t, size_t, void *);
typedef int (*decant_curl_seek)(void *, curl_off_t, int);
typedef int (*decant_curl_progress)(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

static inline CURLcode decant_curl_set_number(CURL *curl, CURLoption option, long value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode decant_curl_set_size(CURL *curl, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode decant_curl_set_text(CURL *curl, CURLoption option, const char *value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode decant_curl_set_pointer(CURL *curl, CURLoption option, void *value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode decant_curl_set_data(CURL *curl, CURLoption option, decant_curl_data value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode decant_curl_set_seek(CURL *curl, decant_curl_seek value) {
    return curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, value);
}
static inline CURLcode decant_curl_set_progress(CURL *curl, decant_curl_progress value) {
    return curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, value);
}
static inline long decant_curl_status(CURL *curl) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Since 7.85 there are options with names; these are known to older releases as well. */
static inline void decant_curl_restrict(CURL *curl) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#pragma GCC diagnostic pop
}
