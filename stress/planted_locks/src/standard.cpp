/* standard.cpp - locks of the C++ library. */
#include <mutex>

static std::mutex mutexes[2];

extern "C" void standard_lock(int number)
{
	mutexes[number].lock();
}

extern "C" void standard_unlock(int number)
{
	mutexes[number].unlock();
}
