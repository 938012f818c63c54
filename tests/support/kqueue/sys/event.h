#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>

/// @file
/// What FreeBSD's manual page kqueue(2) declares, as far as chapter 2 uses it: nothing of it is
/// defined, so that its file can be compiled on Linux but not linked. For tools/checks/kqueue.py.

struct kevent {
  std::uintptr_t ident;  // the descriptor
  short filter;
  u_short flags;
  u_int fflags;
  std::int64_t data;
  void* udata;
  std::uint64_t ext[4];
};

#define EV_SET(kevp, a, b, c, d, e, f) \
  do {                                 \
    struct kevent* const set = (kevp); \
    set->ident = (a);                  \
    set->filter = (b);                 \
    set->flags = (c);                  \
    set->fflags = (d);                 \
    set->data = (e);                   \
    set->udata = (f);                  \
    set->ext[0] = 0;                   \
    set->ext[1] = 0;                   \
    set->ext[2] = 0;                   \
    set->ext[3] = 0;                   \
  } while (0)

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

extern "C" {
int kqueue();
int kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist,
           int nevents, const struct timespec* timeout);
}
