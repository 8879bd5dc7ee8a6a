/* SPDX-License-Identifier: MIT */
/*
 * flip COUNT CHECK URL [WORKERS] - makes a TTL check critical and passing in turns, COUNT times.
 * CHECK is its update URL. For each flip prints the milliseconds from the request to the agent
 * until the answer to a GET of URL changes. Exits with 1 if that takes ten seconds, or if a request
 * fails.
 *
 * With WORKERS, which is how many workers nginx has, it prints the time until the last of them
 * gives the new answer. The header X-Worker names the worker that answered. Each worker gets its
 * own connection, because a connection stays with its worker.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <curl/curl.h>

#define WORKERS_MAX 64
/* Pause between two GETs of URL. Without it, flip would take the processor from the programs that
 * it measures. */
#define SAMPLE_PAUSE_NS 300000
#define SAMPLE_PAUSE_WORKERS_NS 5000000
/* Pause between two flips, plus a random part. The agent and nginx come to rest, and flips do not
 * follow their timers. With WORKERS the random part is a second, the interval at which a worker
 * reads dyups' queue. */
#define REST_MS 100
#define REST_MORE_MS 100
#define REST_MORE_WORKERS_MS 1000
#define TIMEOUT_MS 10000

struct answer {
	char worker[32];
	size_t length;
	char text[1 << 20];
};

/* Reads URL from one worker, or from any if its name is empty. */
struct reader {
	CURL *curl;
	char worker[32];
	struct answer before;
	int changed;
};

static struct reader readers[WORKERS_MAX];
static struct answer now, nothing;
static struct curl_slist *headers;
static const char *url;
static int workers; /* 0: any */

static double clock_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void rest(long ns)
{
	struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

	nanosleep(&time, NULL);
}

static size_t take(const char *data, size_t size, size_t count, void *into)
{
	struct answer *answer = into;

	if (size * count > sizeof(answer->text) - answer->length)
		return 0;
	memcpy(answer->text + answer->length, data, size * count);
	answer->length += size * count;
	return size * count;
}

static size_t take_header(const char *data, size_t size, size_t count, void *into)
{
	static const char name[] = "X-Worker: ";
	struct answer *answer = into;
	size_t length = size * count, skip = sizeof(name) - 1;

	if (length > skip && strncasecmp(data, name, skip) == 0)
		snprintf(answer->worker, sizeof(answer->worker), "%.*s", (int)(length - skip),
			 data + skip);
	return length;
}

/* Returns a handle that keeps its connection open. */
static CURL *asker(const char *where)
{
	CURL *curl = curl_easy_init();

	if (!curl)
		exit(70);
	curl_easy_setopt(curl, CURLOPT_URL, where);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	return curl;
}

static void ask(CURL *curl, struct answer *answer)
{
	CURLcode code;
	long status;

	answer->length = 0;
	answer->worker[0] = '\0';
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK) {
		fprintf(stderr, "flip: %s\n", curl_easy_strerror(code));
		exit(1);
	}
	/* A proxy without a server that is up gives one of the last two. */
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 400 && status != 502 && status != 503) {
		fprintf(stderr, "flip: status %ld\n", status);
		exit(1);
	}
}

static void connect_reader(struct reader *reader)
{
	curl_easy_cleanup(reader->curl);
	reader->curl = asker(url);
	curl_easy_setopt(reader->curl, CURLOPT_HTTPHEADER, headers);
}

static void check_time(double start, const char *what)
{
	if (clock_ms() - start < TIMEOUT_MS)
		return;
	fprintf(stderr, "flip: %s in %d ms\n", what, TIMEOUT_MS);
	exit(1);
}

/* nginx closes a connection after some requests. Connects until the reader has its worker again. */
static void read_url(struct reader *reader, struct answer *answer)
{
	double start = clock_ms();

	for (;;) {
		ask(reader->curl, answer);
		if (!workers || strcmp(reader->worker, answer->worker) == 0)
			return;
		check_time(start, "a worker did not answer");
		connect_reader(reader);
	}
}

static int has_reader(const char *worker, int count)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(readers[i].worker, worker) == 0)
			return 1;
	}
	return 0;
}

/* Connects to each worker. A new connection gets whichever worker accepts it. */
static void connect_readers(void)
{
	double start = clock_ms();

	connect_reader(&readers[0]);
	for (int i = 0; i < workers; i++) {
		do {
			check_time(start, "did not reach all workers");
			connect_reader(&readers[i]);
			ask(readers[i].curl, &now);
		} while (!now.worker[0] || has_reader(now.worker, i));
		memcpy(readers[i].worker, now.worker, sizeof(now.worker));
	}
}

/* Asks each worker that has not changed yet. Returns how many are left. */
static int sample(int count)
{
	int left = 0;

	for (int i = 0; i < count; i++) {
		struct reader *reader = &readers[i];

		if (reader->changed)
			continue;
		read_url(reader, &now);
		reader->changed = reader->before.length != now.length ||
				  memcmp(reader->before.text, now.text, now.length) != 0;
		left += !reader->changed;
	}
	return left;
}

static double flip(CURL *check, int passing)
{
	int count = workers ? workers : 1;
	double start;

	for (int i = 0; i < count; i++) {
		read_url(&readers[i], &readers[i].before);
		readers[i].changed = 0;
	}
	curl_easy_setopt(check, CURLOPT_CUSTOMREQUEST, "PUT");
	curl_easy_setopt(check, CURLOPT_COPYPOSTFIELDS,
			 passing ? "{\"Status\":\"passing\"}" : "{\"Status\":\"critical\"}");
	start = clock_ms();
	ask(check, &nothing);
	while (sample(count)) {
		check_time(start, "the answer did not change");
		rest(workers ? SAMPLE_PAUSE_WORKERS_NS : SAMPLE_PAUSE_NS);
	}
	return clock_ms() - start;
}

int main(int argc, char **argv)
{
	CURL *check;
	long count;

	if (argc < 4 || argc > 5 || (argc == 5 && atoi(argv[4]) > WORKERS_MAX)) {
		fprintf(stderr, "usage: flip COUNT CHECK URL [WORKERS]\n");
		return 64;
	}
	count = strtol(argv[1], NULL, 10);
	check = asker(argv[2]);
	url = argv[3];
	workers = argc == 5 ? atoi(argv[4]) : 0;
	/* The gateway does not log requests with this header. */
	headers = curl_slist_append(NULL, "X-Observer: 1");
	srandom((unsigned)getpid());
	connect_readers();
	for (long i = 0; i < count; i++) {
		rest((REST_MS + random() % (workers ? REST_MORE_WORKERS_MS : REST_MORE_MS)) *
		     1000000);
		printf("%.2f\n", flip(check, (int)(i % 2)));
	}
	for (int i = 0; i < WORKERS_MAX; i++)
		curl_easy_cleanup(readers[i].curl);
	curl_easy_cleanup(check);
	curl_slist_free_all(headers);
	return 0;
}
