/* Case R1 in C: the yardstick for the events engine. The same algorithm: streams keyed by trial,
   one clock a drive, a linear scan for the next instant, a lifetime transformed only when its
   uniform says that it ends before the horizon. Compiled and run by r1.py. */
#include <math.h>
#include <stdint.h>

#define MAX_DRIVES 64
typedef struct { uint64_t s[4]; } rng_t;

static inline uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

static inline void start_stream(rng_t *r, uint64_t seed, uint64_t trial) {
  uint64_t z = mix(seed + 0x9E3779B97F4A7C15ULL)
             ^ mix(trial * 0x9E3779B97F4A7C15ULL + 0xBF58476D1CE4E5B9ULL);
  for (int i = 0; i < 4; i++) { z += 0x9E3779B97F4A7C15ULL; r->s[i] = mix(z); }
}

static inline uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static inline double uniform(rng_t *r) {
  uint64_t *s = r->s, result = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
  s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = rotl(s[3], 45);
  return ((double)(result >> 11) + 0.5) * (1.0 / 9007199254740992.0);
}

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
