// Windows: a query sees the last `window` keys up to its own.
#ifndef DECANT_WINDOW_H
#define DECANT_WINDOW_H

// Of the `seen` keys up to a query's own, those that lie before its window.
static inline long keys_before_window(long seen, long window) { return seen > window ? seen - window : 0; }

#endif
