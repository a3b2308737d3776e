/* Loaded before all others, it puts a program's clock forward by CLIENTCERT_TEST_CLOCK seconds: browsers offer no
   expired certificates, so a server has to live later than they. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t ahead(void) {
    const char *seconds = getenv("CLIENTCERT_TEST_CLOCK");

    return seconds == NULL ? 0 : (time_t)atoll(seconds);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);

    if (result == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += ahead();
    return result;
}

time_t time(time_t *place) {
    struct timespec now;
    time_t seconds = clock_gettime(CLOCK_REALTIME, &now) == 0 ? now.tv_sec : (time_t)-1;

    if (place != NULL)
        *place = seconds;
    return seconds;
}
