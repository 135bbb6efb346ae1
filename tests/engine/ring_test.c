/* ring_test.c - events from one thread to another: none is lost, and the
 * reader, who sleeps while there is none, is told of the first of each. */
#include "core/base/thread.h"
#include "core/engine/ring.h"
#include "tests/tap.h"

enum { EVENTS = 100000, PATIENCE_MS = 5000 };

static struct {
    struct tarn_ring ring;
    struct tarn_mutex *mutex;
    struct tarn_cond *cond;
    bool told; /* mutex */
    atomic_bool given_up;
} w;

/* About as long as the reader takes for what it was told of. */
static void dawdle(uint32_t i)
{
    static volatile uint32_t ticks;
    for (uint32_t n = i * 2654435761u >> 22; n > 0; n--)
        ticks++;
}

static void tell(void)
{
    tarn_mutex_lock(w.mutex);
    w.told = true;
    tarn_cond_signal(w.cond);
    tarn_mutex_unlock(w.mutex);
}

static void write_events(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < EVENTS && !atomic_load(&w.given_up); i++) {
        struct tarn_event ev = { .kind = TARN_EV_TOKEN, .id = (int32_t)i };
        while (tarn_ring_room(&w.ring) < TARN_RING_RESERVE &&
               !atomic_load(&w.given_up))
            dawdle(i);
        if (tarn_ring_push(&w.ring, &ev))
            tell();
        dawdle(i);
    }
}

/* False: there are events, and nobody says so. */
static bool wait_for_events(void)
{
    bool told;
    tarn_mutex_lock(w.mutex);
    do {
        if (!w.told)
            tarn_cond_wait(w.cond, w.mutex, PATIENCE_MS);
        told = w.told;
    } while (!told && tarn_ring_room(&w.ring) == TARN_RING_SIZE);
    w.told = false;
    tarn_mutex_unlock(w.mutex);
    return told;
}

static void test_the_reader_is_told_of_every_first_event(void)
{
    struct tarn_thread *writer = NULL;
    struct tarn_event ev;
    int32_t next = 0;
    uint32_t times = 0, wrong = 0;
    bool told = true;
    w.mutex = tarn_mutex_create();
    w.cond = tarn_cond_create();
    CHECK(tarn_ring_init(&w.ring, NULL) == TARN_OK);
    CHECK(tarn_thread_start(&writer, write_events, NULL, NULL) == TARN_OK);
    while (next < EVENTS && told) {
        told = wait_for_events();
        for (times++; tarn_ring_pop(&w.ring, &ev); next++)
            wrong += ev.id != next;
    }
    atomic_store(&w.given_up, !told);
    tarn_thread_join(writer);
    CHECK_SAYS(told, "there were events, and nobody said so: %d read", next);
    CHECK_SAYS(wrong == 0, "%u events out of order", wrong);
    printf("# told %u times of %d events\n", times, next);
    tarn_ring_finish(&w.ring);
    tarn_cond_destroy(w.cond);
    tarn_mutex_destroy(w.mutex);
}

int main(void)
{
    RUN(test_the_reader_is_told_of_every_first_event);
    return tap_end();
}
