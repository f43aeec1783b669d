// Written by scripts/embed-texts.
#include "texts.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t text_0[] = {
#embed "course/en/01-multiprocessing.md"
};
static const uint8_t text_1[] = {
#embed "course/en/02-states.md"
};
static const uint8_t text_2[] = {
#embed "course/en/03-nice.md"
};
static const uint8_t text_3[] = {
#embed "course/en/04-orphans-and-zombies.md"
};
static const uint8_t text_4[] = {
#embed "course/en/05-forking.md"
};
static const uint8_t text_5[] = {
#embed "course/en/06-exit.md"
};
static const uint8_t text_6[] = {
#embed "course/en/07-process.md"
};
static const uint8_t text_7[] = {
#embed "course/en/08-own-class.md"
};
static const uint8_t text_8[] = {
#embed "course/en/09-pool.md"
};
static const uint8_t text_9[] = {
#embed "course/en/10-pipe.md"
};
static const uint8_t text_10[] = {
#embed "course/en/11-queue.md"
};
static const uint8_t text_11[] = {
#embed "course/en/12-shared-memory.md"
};
static const uint8_t text_12[] = {
#embed "course/en/13-signal.md"
};
static const uint8_t text_13[] = {
#embed "course/zh/01-multiprocessing.md"
};
static const uint8_t text_14[] = {
#embed "course/zh/02-states.md"
};
static const uint8_t text_15[] = {
#embed "course/zh/03-nice.md"
};
static const uint8_t text_16[] = {
#embed "course/zh/04-orphans-and-zombies.md"
};
static const uint8_t text_17[] = {
#embed "course/zh/05-forking.md"
};
static const uint8_t text_18[] = {
#embed "course/zh/06-exit.md"
};
static const uint8_t text_19[] = {
#embed "course/zh/07-process.md"
};
static const uint8_t text_20[] = {
#embed "course/zh/08-own-class.md"
};
static const uint8_t text_21[] = {
#embed "course/zh/09-pool.md"
};
static const uint8_t text_22[] = {
#embed "course/zh/10-pipe.md"
};
static const uint8_t text_23[] = {
#embed "course/zh/11-queue.md"
};
static const uint8_t text_24[] = {
#embed "course/zh/12-shared-memory.md"
};
static const uint8_t text_25[] = {
#embed "course/zh/13-signal.md"
};
static const uint8_t text_26[] = {
#embed "help/zh.txt"
};
static const uint8_t text_27[] = {
#embed "lessons/en/01-processes.md"
};
static const uint8_t text_28[] = {
#embed "lessons/en/02-fork.md"
};
static const uint8_t text_29[] = {
#embed "lessons/en/03-memory.md"
};
static const uint8_t text_30[] = {
#embed "lessons/en/04-wait.md"
};
static const uint8_t text_31[] = {
#embed "lessons/en/05-zombies.md"
};
static const uint8_t text_32[] = {
#embed "lessons/en/06-orphans.md"
};
static const uint8_t text_33[] = {
#embed "lessons/en/07-signals.md"
};
static const uint8_t text_34[] = {
#embed "lessons/en/08-pipes.md"
};
static const uint8_t text_35[] = {
#embed "lessons/en/09-own-shell.md"
};
static const uint8_t text_36[] = {
#embed "lessons/en/10-lost-update.md"
};
static const uint8_t text_37[] = {
#embed "lessons/en/11-locks.md"
};
static const uint8_t text_38[] = {
#embed "lessons/en/12-conditions.md"
};
static const uint8_t text_39[] = {
#embed "lessons/en/13-queues.md"
};
static const uint8_t text_40[] = {
#embed "lessons/en/14-deadlock.md"
};
static const uint8_t text_41[] = {
#embed "lessons/en/15-classics.md"
};
static const uint8_t text_42[] = {
#embed "lessons/en/16-process-objects.md"
};
static const uint8_t text_43[] = {
#embed "lessons/en/17-pools.md"
};
static const uint8_t text_44[] = {
#embed "lessons/en/18-sockets.md"
};
static const uint8_t text_45[] = {
#embed "lessons/en/19-signals-again.md"
};
static const uint8_t text_46[] = {
#embed "lessons/en/20-priorities.md"
};
static const uint8_t text_47[] = {
#embed "lessons/zh/01-processes.md"
};
static const uint8_t text_48[] = {
#embed "lessons/zh/02-fork.md"
};
static const uint8_t text_49[] = {
#embed "lessons/zh/03-memory.md"
};
static const uint8_t text_50[] = {
#embed "lessons/zh/04-wait.md"
};
static const uint8_t text_51[] = {
#embed "lessons/zh/05-zombies.md"
};
static const uint8_t text_52[] = {
#embed "lessons/zh/06-orphans.md"
};
static const uint8_t text_53[] = {
#embed "lessons/zh/07-signals.md"
};
static const uint8_t text_54[] = {
#embed "lessons/zh/08-pipes.md"
};
static const uint8_t text_55[] = {
#embed "lessons/zh/09-own-shell.md"
};
static const uint8_t text_56[] = {
#embed "lessons/zh/10-lost-update.md"
};
static const uint8_t text_57[] = {
#embed "lessons/zh/11-locks.md"
};
static const uint8_t text_58[] = {
#embed "lessons/zh/12-conditions.md"
};
static const uint8_t text_59[] = {
#embed "lessons/zh/13-queues.md"
};
static const uint8_t text_60[] = {
#embed "lessons/zh/14-deadlock.md"
};
static const uint8_t text_61[] = {
#embed "lessons/zh/15-classics.md"
};
static const uint8_t text_62[] = {
#embed "lessons/zh/16-process-objects.md"
};
static const uint8_t text_63[] = {
#embed "lessons/zh/17-pools.md"
};
static const uint8_t text_64[] = {
#embed "lessons/zh/18-sockets.md"
};
static const uint8_t text_65[] = {
#embed "lessons/zh/19-signals-again.md"
};
static const uint8_t text_66[] = {
#embed "lessons/zh/20-priorities.md"
};
static const uint8_t text_67[] = {
#embed "topics/en/alarm.md"
};
static const uint8_t text_68[] = {
#embed "topics/en/atomic.md"
};
static const uint8_t text_69[] = {
#embed "topics/en/barrier.md"
};
static const uint8_t text_70[] = {
#embed "topics/en/buffering.md"
};
static const uint8_t text_71[] = {
#embed "topics/en/closed.md"
};
static const uint8_t text_72[] = {
#embed "topics/en/condition.md"
};
static const uint8_t text_73[] = {
#embed "topics/en/cow.md"
};
static const uint8_t text_74[] = {
#embed "topics/en/daemon.md"
};
static const uint8_t text_75[] = {
#embed "topics/en/deadlock.md"
};
static const uint8_t text_76[] = {
#embed "topics/en/death.md"
};
static const uint8_t text_77[] = {
#embed "topics/en/dup2.md"
};
static const uint8_t text_78[] = {
#embed "topics/en/event.md"
};
static const uint8_t text_79[] = {
#embed "topics/en/exec.md"
};
static const uint8_t text_80[] = {
#embed "topics/en/exit.md"
};
static const uint8_t text_81[] = {
#embed "topics/en/fork.md"
};
static const uint8_t text_82[] = {
#embed "topics/en/handler.md"
};
static const uint8_t text_83[] = {
#embed "topics/en/ipc.md"
};
static const uint8_t text_84[] = {
#embed "topics/en/letters.md"
};
static const uint8_t text_85[] = {
#embed "topics/en/lock.md"
};
static const uint8_t text_86[] = {
#embed "topics/en/m01.md"
};
static const uint8_t text_87[] = {
#embed "topics/en/m02.md"
};
static const uint8_t text_88[] = {
#embed "topics/en/m03.md"
};
static const uint8_t text_89[] = {
#embed "topics/en/m04.md"
};
static const uint8_t text_90[] = {
#embed "topics/en/m05.md"
};
static const uint8_t text_91[] = {
#embed "topics/en/m06.md"
};
static const uint8_t text_92[] = {
#embed "topics/en/m07.md"
};
static const uint8_t text_93[] = {
#embed "topics/en/m08.md"
};
static const uint8_t text_94[] = {
#embed "topics/en/m09.md"
};
static const uint8_t text_95[] = {
#embed "topics/en/m10.md"
};
static const uint8_t text_96[] = {
#embed "topics/en/m11.md"
};
static const uint8_t text_97[] = {
#embed "topics/en/m12.md"
};
static const uint8_t text_98[] = {
#embed "topics/en/m13.md"
};
static const uint8_t text_99[] = {
#embed "topics/en/m14.md"
};
static const uint8_t text_100[] = {
#embed "topics/en/m15.md"
};
static const uint8_t text_101[] = {
#embed "topics/en/m16.md"
};
static const uint8_t text_102[] = {
#embed "topics/en/m17.md"
};
static const uint8_t text_103[] = {
#embed "topics/en/m18.md"
};
static const uint8_t text_104[] = {
#embed "topics/en/m19.md"
};
static const uint8_t text_105[] = {
#embed "topics/en/m20.md"
};
static const uint8_t text_106[] = {
#embed "topics/en/m21.md"
};
static const uint8_t text_107[] = {
#embed "topics/en/m22.md"
};
static const uint8_t text_108[] = {
#embed "topics/en/m23.md"
};
static const uint8_t text_109[] = {
#embed "topics/en/m24.md"
};
static const uint8_t text_110[] = {
#embed "topics/en/m25.md"
};
static const uint8_t text_111[] = {
#embed "topics/en/m26.md"
};
static const uint8_t text_112[] = {
#embed "topics/en/m27.md"
};
static const uint8_t text_113[] = {
#embed "topics/en/m28.md"
};
static const uint8_t text_114[] = {
#embed "topics/en/m29.md"
};
static const uint8_t text_115[] = {
#embed "topics/en/m30.md"
};
static const uint8_t text_116[] = {
#embed "topics/en/m31.md"
};
static const uint8_t text_117[] = {
#embed "topics/en/m32.md"
};
static const uint8_t text_118[] = {
#embed "topics/en/m33.md"
};
static const uint8_t text_119[] = {
#embed "topics/en/m34.md"
};
static const uint8_t text_120[] = {
#embed "topics/en/m35.md"
};
static const uint8_t text_121[] = {
#embed "topics/en/m36.md"
};
static const uint8_t text_122[] = {
#embed "topics/en/m37.md"
};
static const uint8_t text_123[] = {
#embed "topics/en/m38.md"
};
static const uint8_t text_124[] = {
#embed "topics/en/m39.md"
};
static const uint8_t text_125[] = {
#embed "topics/en/m40.md"
};
static const uint8_t text_126[] = {
#embed "topics/en/orphan.md"
};
static const uint8_t text_127[] = {
#embed "topics/en/parallel.md"
};
static const uint8_t text_128[] = {
#embed "topics/en/pcb.md"
};
static const uint8_t text_129[] = {
#embed "topics/en/pipe.md"
};
static const uint8_t text_130[] = {
#embed "topics/en/pool.md"
};
static const uint8_t text_131[] = {
#embed "topics/en/priority.md"
};
static const uint8_t text_132[] = {
#embed "topics/en/process.md"
};
static const uint8_t text_133[] = {
#embed "topics/en/queue.md"
};
static const uint8_t text_134[] = {
#embed "topics/en/race.md"
};
static const uint8_t text_135[] = {
#embed "topics/en/semaphore.md"
};
static const uint8_t text_136[] = {
#embed "topics/en/session.md"
};
static const uint8_t text_137[] = {
#embed "topics/en/shm.md"
};
static const uint8_t text_138[] = {
#embed "topics/en/signal.md"
};
static const uint8_t text_139[] = {
#embed "topics/en/socket.md"
};
static const uint8_t text_140[] = {
#embed "topics/en/states.md"
};
static const uint8_t text_141[] = {
#embed "topics/en/timeout.md"
};
static const uint8_t text_142[] = {
#embed "topics/en/wait.md"
};
static const uint8_t text_143[] = {
#embed "topics/en/zombie.md"
};
static const uint8_t text_144[] = {
#embed "topics/zh/alarm.md"
};
static const uint8_t text_145[] = {
#embed "topics/zh/atomic.md"
};
static const uint8_t text_146[] = {
#embed "topics/zh/barrier.md"
};
static const uint8_t text_147[] = {
#embed "topics/zh/buffering.md"
};
static const uint8_t text_148[] = {
#embed "topics/zh/closed.md"
};
static const uint8_t text_149[] = {
#embed "topics/zh/condition.md"
};
static const uint8_t text_150[] = {
#embed "topics/zh/cow.md"
};
static const uint8_t text_151[] = {
#embed "topics/zh/daemon.md"
};
static const uint8_t text_152[] = {
#embed "topics/zh/deadlock.md"
};
static const uint8_t text_153[] = {
#embed "topics/zh/death.md"
};
static const uint8_t text_154[] = {
#embed "topics/zh/dup2.md"
};
static const uint8_t text_155[] = {
#embed "topics/zh/event.md"
};
static const uint8_t text_156[] = {
#embed "topics/zh/exec.md"
};
static const uint8_t text_157[] = {
#embed "topics/zh/exit.md"
};
static const uint8_t text_158[] = {
#embed "topics/zh/fork.md"
};
static const uint8_t text_159[] = {
#embed "topics/zh/handler.md"
};
static const uint8_t text_160[] = {
#embed "topics/zh/ipc.md"
};
static const uint8_t text_161[] = {
#embed "topics/zh/letters.md"
};
static const uint8_t text_162[] = {
#embed "topics/zh/lock.md"
};
static const uint8_t text_163[] = {
#embed "topics/zh/m01.md"
};
static const uint8_t text_164[] = {
#embed "topics/zh/m02.md"
};
static const uint8_t text_165[] = {
#embed "topics/zh/m03.md"
};
static const uint8_t text_166[] = {
#embed "topics/zh/m04.md"
};
static const uint8_t text_167[] = {
#embed "topics/zh/m05.md"
};
static const uint8_t text_168[] = {
#embed "topics/zh/m06.md"
};
static const uint8_t text_169[] = {
#embed "topics/zh/m07.md"
};
static const uint8_t text_170[] = {
#embed "topics/zh/m08.md"
};
static const uint8_t text_171[] = {
#embed "topics/zh/m09.md"
};
static const uint8_t text_172[] = {
#embed "topics/zh/m10.md"
};
static const uint8_t text_173[] = {
#embed "topics/zh/m11.md"
};
static const uint8_t text_174[] = {
#embed "topics/zh/m12.md"
};
static const uint8_t text_175[] = {
#embed "topics/zh/m13.md"
};
static const uint8_t text_176[] = {
#embed "topics/zh/m14.md"
};
static const uint8_t text_177[] = {
#embed "topics/zh/m15.md"
};
static const uint8_t text_178[] = {
#embed "topics/zh/m16.md"
};
static const uint8_t text_179[] = {
#embed "topics/zh/m17.md"
};
static const uint8_t text_180[] = {
#embed "topics/zh/m18.md"
};
static const uint8_t text_181[] = {
#embed "topics/zh/m19.md"
};
static const uint8_t text_182[] = {
#embed "topics/zh/m20.md"
};
static const uint8_t text_183[] = {
#embed "topics/zh/m21.md"
};
static const uint8_t text_184[] = {
#embed "topics/zh/m22.md"
};
static const uint8_t text_185[] = {
#embed "topics/zh/m23.md"
};
static const uint8_t text_186[] = {
#embed "topics/zh/m24.md"
};
static const uint8_t text_187[] = {
#embed "topics/zh/m25.md"
};
static const uint8_t text_188[] = {
#embed "topics/zh/m26.md"
};
static const uint8_t text_189[] = {
#embed "topics/zh/m27.md"
};
static const uint8_t text_190[] = {
#embed "topics/zh/m28.md"
};
static const uint8_t text_191[] = {
#embed "topics/zh/m29.md"
};
static const uint8_t text_192[] = {
#embed "topics/zh/m30.md"
};
static const uint8_t text_193[] = {
#embed "topics/zh/m31.md"
};
static const uint8_t text_194[] = {
#embed "topics/zh/m32.md"
};
static const uint8_t text_195[] = {
#embed "topics/zh/m33.md"
};
static const uint8_t text_196[] = {
#embed "topics/zh/m34.md"
};
static const uint8_t text_197[] = {
#embed "topics/zh/m35.md"
};
static const uint8_t text_198[] = {
#embed "topics/zh/m36.md"
};
static const uint8_t text_199[] = {
#embed "topics/zh/m37.md"
};
static const uint8_t text_200[] = {
#embed "topics/zh/m38.md"
};
static const uint8_t text_201[] = {
#embed "topics/zh/m39.md"
};
static const uint8_t text_202[] = {
#embed "topics/zh/m40.md"
};
static const uint8_t text_203[] = {
#embed "topics/zh/orphan.md"
};
static const uint8_t text_204[] = {
#embed "topics/zh/parallel.md"
};
static const uint8_t text_205[] = {
#embed "topics/zh/pcb.md"
};
static const uint8_t text_206[] = {
#embed "topics/zh/pipe.md"
};
static const uint8_t text_207[] = {
#embed "topics/zh/pool.md"
};
static const uint8_t text_208[] = {
#embed "topics/zh/priority.md"
};
static const uint8_t text_209[] = {
#embed "topics/zh/process.md"
};
static const uint8_t text_210[] = {
#embed "topics/zh/queue.md"
};
static const uint8_t text_211[] = {
#embed "topics/zh/race.md"
};
static const uint8_t text_212[] = {
#embed "topics/zh/semaphore.md"
};
static const uint8_t text_213[] = {
#embed "topics/zh/session.md"
};
static const uint8_t text_214[] = {
#embed "topics/zh/shm.md"
};
static const uint8_t text_215[] = {
#embed "topics/zh/signal.md"
};
static const uint8_t text_216[] = {
#embed "topics/zh/socket.md"
};
static const uint8_t text_217[] = {
#embed "topics/zh/states.md"
};
static const uint8_t text_218[] = {
#embed "topics/zh/timeout.md"
};
static const uint8_t text_219[] = {
#embed "topics/zh/wait.md"
};
static const uint8_t text_220[] = {
#embed "topics/zh/zombie.md"
};

static const struct brood_text texts[] = {
  {"course/en/01-multiprocessing.md", text_0, sizeof text_0},
  {"course/en/02-states.md", text_1, sizeof text_1},
  {"course/en/03-nice.md", text_2, sizeof text_2},
  {"course/en/04-orphans-and-zombies.md", text_3, sizeof text_3},
  {"course/en/05-forking.md", text_4, sizeof text_4},
  {"course/en/06-exit.md", text_5, sizeof text_5},
  {"course/en/07-process.md", text_6, sizeof text_6},
  {"course/en/08-own-class.md", text_7, sizeof text_7},
  {"course/en/09-pool.md", text_8, sizeof text_8},
  {"course/en/10-pipe.md", text_9, sizeof text_9},
  {"course/en/11-queue.md", text_10, sizeof text_10},
  {"course/en/12-shared-memory.md", text_11, sizeof text_11},
  {"course/en/13-signal.md", text_12, sizeof text_12},
  {"course/zh/01-multiprocessing.md", text_13, sizeof text_13},
  {"course/zh/02-states.md", text_14, sizeof text_14},
  {"course/zh/03-nice.md", text_15, sizeof text_15},
  {"course/zh/04-orphans-and-zombies.md", text_16, sizeof text_16},
  {"course/zh/05-forking.md", text_17, sizeof text_17},
  {"course/zh/06-exit.md", text_18, sizeof text_18},
  {"course/zh/07-process.md", text_19, sizeof text_19},
  {"course/zh/08-own-class.md", text_20, sizeof text_20},
  {"course/zh/09-pool.md", text_21, sizeof text_21},
  {"course/zh/10-pipe.md", text_22, sizeof text_22},
  {"course/zh/11-queue.md", text_23, sizeof text_23},
  {"course/zh/12-shared-memory.md", text_24, sizeof text_24},
  {"course/zh/13-signal.md", text_25, sizeof text_25},
  {"help/zh.txt", text_26, sizeof text_26},
  {"lessons/en/01-processes.md", text_27, sizeof text_27},
  {"lessons/en/02-fork.md", text_28, sizeof text_28},
  {"lessons/en/03-memory.md", text_29, sizeof text_29},
  {"lessons/en/04-wait.md", text_30, sizeof text_30},
  {"lessons/en/05-zombies.md", text_31, sizeof text_31},
  {"lessons/en/06-orphans.md", text_32, sizeof text_32},
  {"lessons/en/07-signals.md", text_33, sizeof text_33},
  {"lessons/en/08-pipes.md", text_34, sizeof text_34},
  {"lessons/en/09-own-shell.md", text_35, sizeof text_35},
  {"lessons/en/10-lost-update.md", text_36, sizeof text_36},
  {"lessons/en/11-locks.md", text_37, sizeof text_37},
  {"lessons/en/12-conditions.md", text_38, sizeof text_38},
  {"lessons/en/13-queues.md", text_39, sizeof text_39},
  {"lessons/en/14-deadlock.md", text_40, sizeof text_40},
  {"lessons/en/15-classics.md", text_41, sizeof text_41},
  {"lessons/en/16-process-objects.md", text_42, sizeof text_42},
  {"lessons/en/17-pools.md", text_43, sizeof text_43},
  {"lessons/en/18-sockets.md", text_44, sizeof text_44},
  {"lessons/en/19-signals-again.md", text_45, sizeof text_45},
  {"lessons/en/20-priorities.md", text_46, sizeof text_46},
  {"lessons/zh/01-processes.md", text_47, sizeof text_47},
  {"lessons/zh/02-fork.md", text_48, sizeof text_48},
  {"lessons/zh/03-memory.md", text_49, sizeof text_49},
  {"lessons/zh/04-wait.md", text_50, sizeof text_50},
  {"lessons/zh/05-zombies.md", text_51, sizeof text_51},
  {"lessons/zh/06-orphans.md", text_52, sizeof text_52},
  {"lessons/zh/07-signals.md", text_53, sizeof text_53},
  {"lessons/zh/08-pipes.md", text_54, sizeof text_54},
  {"lessons/zh/09-own-shell.md", text_55, sizeof text_55},
  {"lessons/zh/10-lost-update.md", text_56, sizeof text_56},
  {"lessons/zh/11-locks.md", text_57, sizeof text_57},
  {"lessons/zh/12-conditions.md", text_58, sizeof text_58},
  {"lessons/zh/13-queues.md", text_59, sizeof text_59},
  {"lessons/zh/14-deadlock.md", text_60, sizeof text_60},
  {"lessons/zh/15-classics.md", text_61, sizeof text_61},
  {"lessons/zh/16-process-objects.md", text_62, sizeof text_62},
  {"lessons/zh/17-pools.md", text_63, sizeof text_63},
  {"lessons/zh/18-sockets.md", text_64, sizeof text_64},
  {"lessons/zh/19-signals-again.md", text_65, sizeof text_65},
  {"lessons/zh/20-priorities.md", text_66, sizeof text_66},
  {"topics/en/alarm.md", text_67, sizeof text_67},
  {"topics/en/atomic.md", text_68, sizeof text_68},
  {"topics/en/barrier.md", text_69, sizeof text_69},
  {"topics/en/buffering.md", text_70, sizeof text_70},
  {"topics/en/closed.md", text_71, sizeof text_71},
  {"topics/en/condition.md", text_72, sizeof text_72},
  {"topics/en/cow.md", text_73, sizeof text_73},
  {"topics/en/daemon.md", text_74, sizeof text_74},
  {"topics/en/deadlock.md", text_75, sizeof text_75},
  {"topics/en/death.md", text_76, sizeof text_76},
  {"topics/en/dup2.md", text_77, sizeof text_77},
  {"topics/en/event.md", text_78, sizeof text_78},
  {"topics/en/exec.md", text_79, sizeof text_79},
  {"topics/en/exit.md", text_80, sizeof text_80},
  {"topics/en/fork.md", text_81, sizeof text_81},
  {"topics/en/handler.md", text_82, sizeof text_82},
  {"topics/en/ipc.md", text_83, sizeof text_83},
  {"topics/en/letters.md", text_84, sizeof text_84},
  {"topics/en/lock.md", text_85, sizeof text_85},
  {"topics/en/m01.md", text_86, sizeof text_86},
  {"topics/en/m02.md", text_87, sizeof text_87},
  {"topics/en/m03.md", text_88, sizeof text_88},
  {"topics/en/m04.md", text_89, sizeof text_89},
  {"topics/en/m05.md", text_90, sizeof text_90},
  {"topics/en/m06.md", text_91, sizeof text_91},
  {"topics/en/m07.md", text_92, sizeof text_92},
  {"topics/en/m08.md", text_93, sizeof text_93},
  {"topics/en/m09.md", text_94, sizeof text_94},
  {"topics/en/m10.md", text_95, sizeof text_95},
  {"topics/en/m11.md", text_96, sizeof text_96},
  {"topics/en/m12.md", text_97, sizeof text_97},
  {"topics/en/m13.md", text_98, sizeof text_98},
  {"topics/en/m14.md", text_99, sizeof text_99},
  {"topics/en/m15.md", text_100, sizeof text_100},
  {"topics/en/m16.md", text_101, sizeof text_101},
  {"topics/en/m17.md", text_102, sizeof text_102},
  {"topics/en/m18.md", text_103, sizeof text_103},
  {"topics/en/m19.md", text_104, sizeof text_104},
  {"topics/en/m20.md", text_105, sizeof text_105},
  {"topics/en/m21.md", text_106, sizeof text_106},
  {"topics/en/m22.md", text_107, sizeof text_107},
  {"topics/en/m23.md", text_108, sizeof text_108},
  {"topics/en/m24.md", text_109, sizeof text_109},
  {"topics/en/m25.md", text_110, sizeof text_110},
  {"topics/en/m26.md", text_111, sizeof text_111},
  {"topics/en/m27.md", text_112, sizeof text_112},
  {"topics/en/m28.md", text_113, sizeof text_113},
  {"topics/en/m29.md", text_114, sizeof text_114},
  {"topics/en/m30.md", text_115, sizeof text_115},
  {"topics/en/m31.md", text_116, sizeof text_116},
  {"topics/en/m32.md", text_117, sizeof text_117},
  {"topics/en/m33.md", text_118, sizeof text_118},
  {"topics/en/m34.md", text_119, sizeof text_119},
  {"topics/en/m35.md", text_120, sizeof text_120},
  {"topics/en/m36.md", text_121, sizeof text_121},
  {"topics/en/m37.md", text_122, sizeof text_122},
  {"topics/en/m38.md", text_123, sizeof text_123},
  {"topics/en/m39.md", text_124, sizeof text_124},
  {"topics/en/m40.md", text_125, sizeof text_125},
  {"topics/en/orphan.md", text_126, sizeof text_126},
  {"topics/en/parallel.md", text_127, sizeof text_127},
  {"topics/en/pcb.md", text_128, sizeof text_128},
  {"topics/en/pipe.md", text_129, sizeof text_129},
  {"topics/en/pool.md", text_130, sizeof text_130},
  {"topics/en/priority.md", text_131, sizeof text_131},
  {"topics/en/process.md", text_132, sizeof text_132},
  {"topics/en/queue.md", text_133, sizeof text_133},
  {"topics/en/race.md", text_134, sizeof text_134},
  {"topics/en/semaphore.md", text_135, sizeof text_135},
  {"topics/en/session.md", text_136, sizeof text_136},
  {"topics/en/shm.md", text_137, sizeof text_137},
  {"topics/en/signal.md", text_138, sizeof text_138},
  {"topics/en/socket.md", text_139, sizeof text_139},
  {"topics/en/states.md", text_140, sizeof text_140},
  {"topics/en/timeout.md", text_141, sizeof text_141},
  {"topics/en/wait.md", text_142, sizeof text_142},
  {"topics/en/zombie.md", text_143, sizeof text_143},
  {"topics/zh/alarm.md", text_144, sizeof text_144},
  {"topics/zh/atomic.md", text_145, sizeof text_145},
  {"topics/zh/barrier.md", text_146, sizeof text_146},
  {"topics/zh/buffering.md", text_147, sizeof text_147},
  {"topics/zh/closed.md", text_148, sizeof text_148},
  {"topics/zh/condition.md", text_149, sizeof text_149},
  {"topics/zh/cow.md", text_150, sizeof text_150},
  {"topics/zh/daemon.md", text_151, sizeof text_151},
  {"topics/zh/deadlock.md", text_152, sizeof text_152},
  {"topics/zh/death.md", text_153, sizeof text_153},
  {"topics/zh/dup2.md", text_154, sizeof text_154},
  {"topics/zh/event.md", text_155, sizeof text_155},
  {"topics/zh/exec.md", text_156, sizeof text_156},
  {"topics/zh/exit.md", text_157, sizeof text_157},
  {"topics/zh/fork.md", text_158, sizeof text_158},
  {"topics/zh/handler.md", text_159, sizeof text_159},
  {"topics/zh/ipc.md", text_160, sizeof text_160},
  {"topics/zh/letters.md", text_161, sizeof text_161},
  {"topics/zh/lock.md", text_162, sizeof text_162},
  {"topics/zh/m01.md", text_163, sizeof text_163},
  {"topics/zh/m02.md", text_164, sizeof text_164},
  {"topics/zh/m03.md", text_165, sizeof text_165},
  {"topics/zh/m04.md", text_166, sizeof text_166},
  {"topics/zh/m05.md", text_167, sizeof text_167},
  {"topics/zh/m06.md", text_168, sizeof text_168},
  {"topics/zh/m07.md", text_169, sizeof text_169},
  {"topics/zh/m08.md", text_170, sizeof text_170},
  {"topics/zh/m09.md", text_171, sizeof text_171},
  {"topics/zh/m10.md", text_172, sizeof text_172},
  {"topics/zh/m11.md", text_173, sizeof text_173},
  {"topics/zh/m12.md", text_174, sizeof text_174},
  {"topics/zh/m13.md", text_175, sizeof text_175},
  {"topics/zh/m14.md", text_176, sizeof text_176},
  {"topics/zh/m15.md", text_177, sizeof text_177},
  {"topics/zh/m16.md", text_178, sizeof text_178},
  {"topics/zh/m17.md", text_179, sizeof text_179},
  {"topics/zh/m18.md", text_180, sizeof text_180},
  {"topics/zh/m19.md", text_181, sizeof text_181},
  {"topics/zh/m20.md", text_182, sizeof text_182},
  {"topics/zh/m21.md", text_183, sizeof text_183},
  {"topics/zh/m22.md", text_184, sizeof text_184},
  {"topics/zh/m23.md", text_185, sizeof text_185},
  {"topics/zh/m24.md", text_186, sizeof text_186},
  {"topics/zh/m25.md", text_187, sizeof text_187},
  {"topics/zh/m26.md", text_188, sizeof text_188},
  {"topics/zh/m27.md", text_189, sizeof text_189},
  {"topics/zh/m28.md", text_190, sizeof text_190},
  {"topics/zh/m29.md", text_191, sizeof text_191},
  {"topics/zh/m30.md", text_192, sizeof text_192},
  {"topics/zh/m31.md", text_193, sizeof text_193},
  {"topics/zh/m32.md", text_194, sizeof text_194},
  {"topics/zh/m33.md", text_195, sizeof text_195},
  {"topics/zh/m34.md", text_196, sizeof text_196},
  {"topics/zh/m35.md", text_197, sizeof text_197},
  {"topics/zh/m36.md", text_198, sizeof text_198},
  {"topics/zh/m37.md", text_199, sizeof text_199},
  {"topics/zh/m38.md", text_200, sizeof text_200},
  {"topics/zh/m39.md", text_201, sizeof text_201},
  {"topics/zh/m40.md", text_202, sizeof text_202},
  {"topics/zh/orphan.md", text_203, sizeof text_203},
  {"topics/zh/parallel.md", text_204, sizeof text_204},
  {"topics/zh/pcb.md", text_205, sizeof text_205},
  {"topics/zh/pipe.md", text_206, sizeof text_206},
  {"topics/zh/pool.md", text_207, sizeof text_207},
  {"topics/zh/priority.md", text_208, sizeof text_208},
  {"topics/zh/process.md", text_209, sizeof text_209},
  {"topics/zh/queue.md", text_210, sizeof text_210},
  {"topics/zh/race.md", text_211, sizeof text_211},
  {"topics/zh/semaphore.md", text_212, sizeof text_212},
  {"topics/zh/session.md", text_213, sizeof text_213},
  {"topics/zh/shm.md", text_214, sizeof text_214},
  {"topics/zh/signal.md", text_215, sizeof text_215},
  {"topics/zh/socket.md", text_216, sizeof text_216},
  {"topics/zh/states.md", text_217, sizeof text_217},
  {"topics/zh/timeout.md", text_218, sizeof text_218},
  {"topics/zh/wait.md", text_219, sizeof text_219},
  {"topics/zh/zombie.md", text_220, sizeof text_220},
};

uint64_t brood_text_count(void) { return sizeof texts / sizeof *texts; }

struct brood_text brood_text_at(uint64_t index) {
  return texts[index < brood_text_count() ? index : 0];
}
