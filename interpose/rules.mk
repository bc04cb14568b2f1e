# libftstress.so: not instrumented, calls no libc function that TSan intercepts.

# What the linked-in jemalloc calls and private_heap.c redirects.
PRIVATE_HEAP_WRAPS := clock_gettime close creat dl_iterate_phdr madvise memchr memcmp memcpy memmove \
	memset mincore mmap mprotect msync munmap open pipe2 pthread_create pthread_mutex_init \
	pthread_mutex_lock pthread_mutex_trylock pthread_mutex_unlock pthread_mutexattr_destroy \
	pthread_mutexattr_init pthread_mutexattr_settype pthread_sigmask read readlink sched_yield \
	sigprocmask strlen write
JEMALLOC := $(firstword $(wildcard /usr/lib/*/libjemalloc_pic.a /usr/lib/libjemalloc_pic.a))

INTERPOSE_SOURCES := $(wildcard interpose/*.c interpose/*/*.c interpose/*/*.S)
INTERPOSE_OBJECTS := $(INTERPOSE_SOURCES:%=$(BUILD)/%.o)
INTERPOSE_CFLAGS := -std=gnu17 -O2 -g -fPIC -fvisibility=hidden -fno-builtin -fno-omit-frame-pointer \
	-momit-leaf-frame-pointer -fno-stack-protector $(WARNINGS) -Iinclude -I. --embed-dir=.

$(BUILD)/interpose/%.c.o: interpose/%.c
	@mkdir -p $(@D)
	$(CLANG) $(INTERPOSE_CFLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

$(BUILD)/interpose/%.S.o: interpose/%.S
	@mkdir -p $(@D)
	$(CLANG) -c -o $@ $<

$(BUILD)/libftstress.so: $(INTERPOSE_OBJECTS)
	$(CLANG) -shared -o $@ $^ $(PRIVATE_HEAP_WRAPS:%=-Wl,--wrap=%) $(JEMALLOC) \
		-Wl,--exclude-libs,ALL -Wl,-z,now -ldl -lpthread -lm
