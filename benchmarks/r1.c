/* Case R1 in C: the yardstick for the events engine. The same algorithm: streams keyed by trial,
   one clock a drive, a linear scan for the next instant, a lifetime transformed only when its
   uniform says that it ends before the horizon. Compiled and run by yardstick.py. */
#include "streams.h"

#define MAX_DRIVES 64

/* Returns the trials that lose the group; losses_in_all counts on, the failed drives new. */
int64_t run_r1(uint64_t seed, int64_t first, int64_t count, int drives, int tolerates,
               double mean_life, double mean_rebuild, double horizon, int64_t *losses_in_all) {
  double clock[MAX_DRIVES];
  int up[MAX_DRIVES];
  const double survive = exp(-horizon / mean_life);
  int64_t lost_trials = 0, all = 0;
  rng_t r;
  for (int64_t trial = first; trial < first + count; trial++) {
    start_stream(&r, seed, (uint64_t)trial);
    int down = 0, losses = 0;
    for (int d = 0; d < drives; d++) {
      double u = uniform(&r);
      up[d] = 1;
      clock[d] = u <= survive ? INFINITY : -log(u) * mean_life;
    }
    for (;;) {
      int who = 0;
      double t = clock[0];
      for (int d = 1; d < drives; d++) if (clock[d] < t) { t = clock[d]; who = d; }
      if (t > horizon) break;
      if (up[who]) {
        up[who] = 0;
        if (++down > tolerates) {
          losses++;
          down = 0;
          for (int d = 0; d < drives; d++) if (!up[d]) {
            double u = uniform(&r);
            up[d] = 1;
            clock[d] = u <= survive ? INFINITY : t - log(u) * mean_life;
          }
        } else {
          clock[who] = t - log(uniform(&r)) * mean_rebuild;
        }
      } else {
        double u = uniform(&r);
        up[who] = 1;
        down--;
        clock[who] = u <= survive ? INFINITY : t - log(u) * mean_life;
      }
    }
    lost_trials += losses > 0;
    all += losses;
  }
  *losses_in_all = all;
  return lost_trials;
}
