/* The model of Elerath and Pecht (IEEE Trans. Computers 58(3), 2009) in C: the yardstick for the
   events engine where drives age and carry latent errors. The same algorithm: a drive's error is
   brought up to date only when another drive's failure asks for it. Compiled by yardstick.py. */
#include "streams.h"

#define MAX_DRIVES 64
enum { UNKNOWN, CLEAN, DEFECTIVE };

typedef struct { double location, scale, shape; } weibull_t;

static inline double draw(const weibull_t *law, rng_t *r) {
  return law->location + law->scale * pow(exponential(r), 1.0 / law->shape);
}

typedef struct {
  double clock[MAX_DRIVES], error_next[MAX_DRIVES];
  int up[MAX_DRIVES], error[MAX_DRIVES];
} group_t;

static void install(group_t *g, int d, double t, const weibull_t *life, double survive,
                    double horizon, rng_t *r) {
  double u = uniform(r), time;
  g->up[d] = 1;
  g->error[d] = UNKNOWN;
  g->error_next[d] = t;
  g->clock[d] = INFINITY;
  if (u > survive) {
    time = life->location + life->scale * pow(-log(u), 1.0 / life->shape);
    if (time < horizon - t) g->clock[d] = t + time;
  }
}

static int carries_error(group_t *g, int d, double t, double mean, const weibull_t *scrub,
                         rng_t *r) {
  if (g->error[d] == UNKNOWN) {
    g->error[d] = CLEAN;
    g->error_next[d] += mean * exponential(r);
  }
  while (g->error_next[d] <= t) {
    if (g->error[d] == CLEAN) {
      g->error[d] = DEFECTIVE;
      g->error_next[d] += draw(scrub, r);
    } else {
      g->error[d] = CLEAN;
      g->error_next[d] += mean * exponential(r);
    }
  }
  return g->error[d] == DEFECTIVE;
}

/* Laws are (location, scale, shape) of lifetime, rebuild and scrub, one after the other. Returns
   the trials that lose the group; losses_in_all counts on, the failed drives new. */
int64_t run_elerath_pecht(uint64_t seed, int64_t first, int64_t count, int drives, int tolerates,
                          const double *laws, double latent_mean, double horizon,
                          int64_t *losses_in_all) {
  const weibull_t life = {laws[0], laws[1], laws[2]}, rebuild = {laws[3], laws[4], laws[5]},
                  scrub = {laws[6], laws[7], laws[8]};
  const double survive = exp(-pow((horizon - life.location) / life.scale, life.shape));
  int64_t lost_trials = 0, all = 0;
  group_t g;
  rng_t r;
  for (int64_t trial = first; trial < first + count; trial++) {
    start_stream(&r, seed, (uint64_t)trial);
    int down = 0, losses = 0;
    for (int d = 0; d < drives; d++) install(&g, d, 0.0, &life, survive, horizon, &r);
    for (;;) {
      int who = 0, lost;
      double t = g.clock[0];
      for (int d = 1; d < drives; d++) if (g.clock[d] < t) { t = g.clock[d]; who = d; }
      if (t > horizon) break;
      if (!g.up[who]) {
        down--;
        install(&g, who, t, &life, survive, horizon, &r);
        continue;
      }
      g.up[who] = 0;
      down++;
      lost = down > tolerates;
      if (down == tolerates)
        for (int d = 0; d < drives; d++)
          if (g.up[d] && carries_error(&g, d, t, latent_mean, &scrub, &r)) lost = 1;
      if (!lost) {
        g.clock[who] = t + draw(&rebuild, &r);
        continue;
      }
      losses++;
      down = 0;
      for (int d = 0; d < drives; d++)
        if (!g.up[d]) install(&g, d, t, &life, survive, horizon, &r);
    }
    lost_trials += losses > 0;
    all += losses;
  }
  *losses_in_all = all;
  return lost_trials;
}
