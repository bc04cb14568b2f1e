/*
 * channels.c - see channels.h.
 *
 * Which ends belong together is asked of the system, for each call of a test's:
 *
 *     pipe            its number, which both ends have
 *     TCP             the two ports; for connect() and accept(), that of the socket that listens
 *     other sockets   one word for all: too much is ordered, which can hide a race
 *     eventfd         the descriptor
 *
 * Files order nothing: what comes first in one is not told by its reader.
 */
#define _GNU_SOURCE
#include "interpose/variables/channels.h"

#include "interpose/python/layout.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/methods.h"
#include "interpose/variables/variables.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>

typedef void *function(void *self, void *a, void *b, void *c, void *d, void *e);

/* clang-format off */
/* channel(NUMBER, MODULE, TYPE, NAME, WHAT): type NULL: a function of the module, with a descriptor */
#define CHANNEL_LIST(channel) \
	channel(0, "_socket", "socket", "send", GIVES) \
	channel(1, "_socket", "socket", "sendall", GIVES) \
	channel(2, "_socket", "socket", "sendto", GIVES) \
	channel(3, "_socket", "socket", "sendmsg", GIVES) \
	channel(4, "_socket", "socket", "shutdown", GIVES) \
	channel(5, "_socket", "socket", "close", GIVES) \
	channel(6, "_socket", "socket", "connect", CONNECTS) \
	channel(7, "_socket", "socket", "connect_ex", CONNECTS) \
	channel(8, "_socket", "socket", "_accept", ACCEPTS) \
	channel(9, "_socket", "socket", "recv", TAKES) \
	channel(10, "_socket", "socket", "recv_into", TAKES) \
	channel(11, "_socket", "socket", "recvfrom", TAKES) \
	channel(12, "_socket", "socket", "recvfrom_into", TAKES) \
	channel(13, "_socket", "socket", "recvmsg", TAKES) \
	channel(14, "_socket", "socket", "recvmsg_into", TAKES) \
	channel(15, "_io", "FileIO", "write", GIVES) \
	channel(16, "_io", "FileIO", "close", GIVES) \
	channel(17, "_io", "FileIO", "read", TAKES) \
	channel(18, "_io", "FileIO", "readinto", TAKES) \
	channel(19, "_io", "FileIO", "readall", TAKES) \
	channel(20, "posix", NULL, "write", GIVES) \
	channel(21, "posix", NULL, "writev", GIVES) \
	channel(22, "posix", NULL, "eventfd_write", GIVES) \
	channel(23, "posix", NULL, "close", GIVES) \
	channel(24, "posix", NULL, "read", TAKES) \
	channel(25, "posix", NULL, "readv", TAKES) \
	channel(26, "posix", NULL, "eventfd_read", TAKES)
/* clang-format on */

static struct channel {
	const char *module, *type, *name;
	enum { TAKES, GIVES, ACCEPTS, CONNECTS } what;
	function *was;
} channels[] = {
#define CHANNEL(number, module, type, name, what) { module, type, name, what, NULL },
	CHANNEL_LIST(CHANNEL)
#undef CHANNEL
};
enum {
	CHANNELS = sizeof channels / sizeof *channels,
	DESCRIPTOR = OBJECT_BODY, /* of a socket or FileIO: an int, behind the header */
	INT_SMALL = 1 << 3,       /* one digit, and not negative */
};

static const void *int_type, *tuple_type;
static long tuple_items;

static uint64_t mix(uint64_t word)
{
	word *= 0x9e3779b97f4a7c15ull;
	return word ^ word >> 29;
}

/* -1: it is none. */
static int number_of(const void *object)
{
	if (!object || load_pointer(object, OBJECT_TYPE) != int_type)
		return -1;
	uint64_t tag = load64(object, python_at.int_tag) & ~4ull; /* that it is immortal */
	return tag == INT_SMALL || tag == 1 ? (int)load32(object, python_at.int_digit) : -1;
}

/* The port of an address of the Internet, 0 = another one; `end`: SYS_getsockname or _getpeername. */
static unsigned port_of(int descriptor, long end)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
		struct sockaddr_storage room;
	} address = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t length = sizeof address;
	if (raw_syscall3(end, descriptor, (long)&address, (long)&length) < 0)
		return 0;
	return address.any.sa_family == AF_INET    ? ntohs(address.four.sin_port)
	       : address.any.sa_family == AF_INET6 ? ntohs(address.six.sin6_port)
						   : 0;
}

enum { WORD_OTHER = 1, WORD_LISTENER, WORD_PAIR, WORD_PIPE, WORD_EVENT };

static uint64_t word_of_socket(int descriptor, bool listens)
{
	unsigned own = port_of(descriptor, SYS_getsockname);
	unsigned peer = port_of(descriptor, SYS_getpeername);
	if (listens && own)
		return mix(own) ^ WORD_LISTENER;
	if (!own || !peer)
		return WORD_OTHER;
	return mix((uint64_t)(own < peer ? own : peer) << 16 | (own < peer ? peer : own)) ^
	       WORD_PAIR;
}

/* 0: what is written there orders nothing. */
static uint64_t word_of(int descriptor, bool listens)
{
	struct stat status = { 0 };
	if (descriptor < 0 || raw_syscall3(SYS_fstat, descriptor, (long)&status, 0) < 0)
		return 0;
	switch (status.st_mode & S_IFMT) {
	case S_IFSOCK:
		return word_of_socket(descriptor, listens);
	case S_IFIFO:
		return mix(status.st_ino) ^ WORD_PIPE;
	case 0:
		return mix((uint64_t)descriptor) ^ WORD_EVENT;
	default:
		return 0;
	}
}

/* connect() has the port in its argument: (host, port). */
static uint64_t word_of_address(const void *address)
{
	int port = load_pointer(address, OBJECT_TYPE) == tuple_type &&
				   load64(address, python_at.size) >= 2
			   ? number_of(load_pointer(address, tuple_items + 8))
			   : -1;
	return port > 0 ? mix((uint64_t)port) ^ WORD_LISTENER : WORD_OTHER;
}

static void order(uint64_t word, bool gives)
{
	/* Words are one for each 16 bytes of addresses. */
	if (word)
		fibers_order(fibers_word((const void *)(uintptr_t)(mix(word) << 4)), gives);
}

static void *call(const struct channel *channel, void *self, void *const arguments[5])
{
	/* A vector call, of a module's function: the arguments are the first one. */
	int descriptor = -1;
	bool looks = variables_testing && !fibers_busy;
	if (looks)
		descriptor = channel->type  ? (int)load32(self, DESCRIPTOR)
			     : arguments[1] ? number_of(*(void *const *)arguments[0])
					    : -1;
	if (looks && channel->what == GIVES)
		order(word_of(descriptor, false), true);
	else if (looks && channel->what == CONNECTS)
		order(word_of_address(arguments[0]), true);
	void *result = channel->was(self, arguments[0], arguments[1], arguments[2], arguments[3],
				    arguments[4]);
	if (looks && result && (channel->what == TAKES || channel->what == ACCEPTS))
		order(word_of(descriptor, channel->what == ACCEPTS), false);
	return result;
}

#define CALLED(number, ...)                                                                        \
	static void *called_##number(void *self, void *a, void *b, void *c, void *d, void *e)      \
	{                                                                                          \
		return call(&channels[number], self, (void *const[]){ a, b, c, d, e });            \
	}
CHANNEL_LIST(CALLED)
#undef CALLED

static function *const called[] = {
#define CALLED(number, ...) called_##number,
	CHANNEL_LIST(CALLED)
#undef CALLED
};

bool channels_start(void)
{
	char *tuple = dlsym(RTLD_DEFAULT, "PyTuple_Type");
	int_type = dlsym(RTLD_DEFAULT, "PyLong_Type");
	tuple_type = tuple;
	if (!tuple || !int_type)
		return false;
	tuple_items = (long)load64(tuple, python_at.type_basicsize);
	for (unsigned i = 0; i < CHANNELS; i++) {
		struct channel *channel = &channels[i];
		channel->was = (function *)methods_replace(channel->module, channel->type,
							   channel->name, (void *)called[i]);
		if (!channel->was)
			return false;
	}
	return true;
}
