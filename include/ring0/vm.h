/* SPDX-License-Identifier: MIT */
/*
 * The monitor under ring0, as a library: a virtual machine with any number of CPUs, a PC's first
 * devices and virtio, which the host's code can stop, look at, change, save and put back. For code of
 * the host; what it runs need not know of ring0. examples/freeze.c uses most of it.
 *
 * Functions return 0 or more, or a negative errno value with one line in *error: what was tried, what
 * came back, what to do. `error` may be NULL; set it to { "" } first, as a message that is there
 * already is kept. Any thread may call any of them, on one VM several at a time, but for
 * r0_vm_destroy(), which has to be the last. Every one of them may return -EINVAL for arguments that
 * make no sense, and -ENOMEM.
 *
 * A VM is ready at first, runs from r0_vm_start() on, and has ended when a CPU or the host ends it.
 * r0_vm_freeze() brings all of its CPUs to rest between two instructions, r0_vm_thaw() lets them go
 * on. "At rest" below is ready, frozen or ended; what needs that gives -EBUSY while the VM runs.
 */
#ifndef RING0_VM_H
#define RING0_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/private/own.h>

/* Of the architecture: enum r0_vm_mode, struct r0_vm_entry, R0_VM_TABLES_SIZE, R0_VM_MEMORY, struct r0_vm_registers. */
#include R0_OWN_HEADER(VM)

struct r0_vm;
struct r0_vm_snapshot;

#define R0_VM_CPUS_MAX 64

/* No particular CPU. */
#define R0_VM_NO_CPU (~0u)

struct r0_error {
	char text[512]; /* empty while nothing went wrong */
};

/* Where the guest's text comes out, and goes in. */
enum r0_vm_console {
	R0_VM_COM1,
	R0_VM_COM2,
	R0_VM_DEBUG_CONSOLE,  /* x86's port 0xe9, out only */
	R0_VM_VIRTIO_CONSOLE, /* where the options ask for one */
	R0_VM_PL011,	      /* arm64's other serial line */
	R0_VM_CONSOLES,
};

struct r0_vm_block {
	int fd; /* a file or block device; stays the caller's, open until the VM is destroyed */
	bool read_only; /* else fd has to be open for writing too */
};

struct r0_vm_net {
	int fd; /* of a tap device, or a socket that keeps packets apart; stays the caller's, likewise */
	uint8_t address[6]; /* Ethernet's, as the guest is told it */
};

/* A file that the guest can ask for, by fw_cfg. */
struct r0_vm_file {
	const char *name; /* up to 55 bytes, as "opt/org.example/name" */
	const void *data; /* stays the caller's, like the name, and there until the VM is destroyed */
	size_t size;
};

struct r0_vm_options {
	unsigned int cpus; /* 0 is 1; at most R0_VM_CPUS_MAX */
	/*
	 * In bytes, a multiple of 4096, 0 is 16 MiB. It starts at the guest-physical address R0_VM_MEMORY: on
	 * x86 that is 0, and what is more than 3 GiB is at 4 GiB and above; on arm64 it is 1 GiB. Costs what the
	 * guest touches.
	 */
	uint64_t memory;
	bool irqchip; /* local APICs, an I/O APIC and PICs, by KVM; on arm64 a GIC */
	/* What follows, up to `cpu`, is x86's, like what says so below: -ENOTSUP on arm64. */
	bool pit; /* the timer 8254, by KVM; needs irqchip */
	/*
	 * Of these, KVM has the local APICs alone, and the monitor the rest (KVM_CAP_SPLIT_IRQCHIP); needs irqchip.
	 * -ENOTSUP on a KVM that has no such thing.
	 */
	bool split_irqchip;
	/*
	 * What the CPUs say of themselves: BASE[,+FEATURE,-FEATURE,phys-bits=N,vendor=TEXT…] with the base
	 * max or host, which are all that KVM supports (docs/boot.md). NULL is the same without a hypervisor's
	 * bit, or, with pc, max.
	 */
	const char *cpu;
	/*
	 * Leave out COM1 and COM2, i8042, debug exit (0xf4) and debug console (0xe9); on arm64 the two 16550A, the
	 * PL011 and the debug exit.
	 */
	bool no_legacy;
	/*
	 * x86's: the rest of a PC (docs/devices.md): real-time clock and CMOS, HPET, ACPI's power management with
	 * its timer, fw_cfg, a PCI bus, and the ports for reset and power-off. Interrupts of theirs need
	 * irqchip. CPUID says that there is a hypervisor.
	 */
	bool pc;
	bool iommu; /* x86's: Intel's VT-d, between the PCI bus and I/O APIC and the rest; needs pc and split_irqchip */
	/* kvm-unit-tests', and with .pc PCI devices for tests (docs/devices.md); on arm64 not with virtio_console. */
	bool test_devices;
	const struct r0_vm_file
		*files; /* for fw_cfg, `file_count` of them, read by r0_vm_create() only */
	size_t file_count;
	bool virtio_console;
	const struct r0_vm_block *block; /* NULL for none, read by r0_vm_create() only */
	const struct r0_vm_net *net;	 /* NULL for none, likewise */
	unsigned int time_limit_ms;	 /* from the start on, frozen time included; 0 for none */
	unsigned int park_limit_ms;	 /* how long a CPU may take to come to rest; 0 is 30 000 */
	bool watch_by_step; /* by single steps, also where KVM's watchpoints work: see r0_vm_watch() */
	/*
	 * Called with what the guest prints, on a thread of the VM's, which waits for it; NULL for
	 * none. May call no function of the VM but r0_vm_hold(). Captured it is in either case.
	 */
	void (*output)(void *context, enum r0_vm_console console, const void *data, size_t size);
	/*
	 * Called with a line on what went wrong but ends nothing, such as why a virtio device stopped;
	 * NULL has it on standard error. May call no function of the VM either.
	 */
	void (*log)(void *context, const char *line);
	void *context; /* of both */
};

/*
 * Make a VM; without options (NULL), one with their defaults. -ENOENT, -EACCES, -ENODEV and the like where there is no KVM to use; what KVM or the
 * kernel says where it refuses a part of it. r0_vm_destroy() releases it.
 */
int r0_vm_create(struct r0_vm **vm, const struct r0_vm_options *options, struct r0_error *error);

/*
 * End the VM if it runs, and release it; NULL is fine. Waits for its threads as long as for a CPU to
 * come to rest. A KVM that does not return even then keeps the threads, and the memory with them.
 */
void r0_vm_destroy(struct r0_vm *vm);

/*
 * Copy to and from guest-physical memory, at any time; the CPUs may do the same meanwhile. -EFAULT
 * unless all of [address, address + size) is memory; then nothing is copied.
 */
int r0_vm_write(struct r0_vm *vm, uint64_t address, const void *data, size_t size,
		struct r0_error *error);
int r0_vm_read(struct r0_vm *vm, uint64_t address, void *data, size_t size, struct r0_error *error);

/*
 * Set where and how a CPU of a VM at rest starts or goes on, interrupts off. A CPU that none is set
 * for waits to be started by another one's interrupts (INIT, SIPI) if the VM has an irqchip, unless
 * it is the first. -EBUSY while the VM runs, -EFAULT for tables outside of memory.
 */
int r0_vm_enter(struct r0_vm *vm, unsigned int cpu, const struct r0_vm_entry *entry,
		struct r0_error *error);

/* Get or set a CPU's, the VM being at rest. -EBUSY while it runs; what KVM refuses, as it says. */
int r0_vm_get_registers(struct r0_vm *vm, unsigned int cpu, struct r0_vm_registers *registers,
			struct r0_error *error);
int r0_vm_set_registers(struct r0_vm *vm, unsigned int cpu, const struct r0_vm_registers *registers,
			struct r0_error *error);

/*
 * The snapshot of a CPU's registers as text ("ip=0x… sp=0x… ptroot=0x…") and as a JSON object, the VM
 * being at rest: of a frozen VM, as its CPU's own thread saw them. -EBUSY while it runs; -ENOSPC if
 * `size` bytes, with the final zero, are too few: R0_VM_REGISTERS_TEXT always suffice.
 */
#define R0_VM_REGISTERS_TEXT 256
int r0_vm_registers_text(struct r0_vm *vm, unsigned int cpu, char *text, size_t size,
			 struct r0_error *error);
int r0_vm_registers_json(struct r0_vm *vm, unsigned int cpu, char *text, size_t size,
			 struct r0_error *error);

/*
 * The guest-physical address of a guest-virtual one, by the page tables that a CPU uses, the VM being
 * at rest. -EFAULT if they do not map it, -EBUSY while the VM runs.
 */
int r0_vm_translate(struct r0_vm *vm, unsigned int cpu, uint64_t address, uint64_t *physical,
		    struct r0_error *error);

/*
 * Let the CPUs run, each on a thread of its own. -EALREADY if the VM was started; -EINVAL if a CPU
 * has no entry and no way to be started; -EAGAIN if there can't be more threads.
 */
int r0_vm_start(struct r0_vm *vm, struct r0_error *error);

enum r0_vm_end {
	R0_VM_POWER_OFF, /* the guest's: ACPI's S5, a port of other monitors', a system event */
	R0_VM_RESET,	 /* the guest's: i8042, port 0x92 or 0xcf9, a system event; r0_vm_reset() */
	R0_VM_SLEEP,	 /* the guest's: ACPI's S3; r0_vm_reset() waits for what wakes it */
	R0_VM_TRIPLE_FAULT, /* a CPU shut down */
	R0_VM_STATUS,	    /* the guest's, with a status, by the debug exit */
	R0_VM_HALTED,	    /* every CPU executed HLT, and nothing can interrupt it: no irqchip */
	R0_VM_FATAL,	  /* a CPU can't go on: KVM or the hardware gave up, an exit nobody knows */
	R0_VM_TIME_LIMIT, /* options.time_limit_ms were over */
	R0_VM_KILLED,	  /* by r0_vm_kill() or its eventfd */
};

struct r0_vm_outcome {
	enum r0_vm_end end;
	unsigned int cpu; /* that ended it, or R0_VM_NO_CPU */
	/*
	 * For a process to end with: 0 for power-off, and if the first CPU asked for a reset or for sleep;
	 * (status << 1 | 1) & 0xff for a status, which is odd whatever the guest says; else 1.
	 */
	int exit_code;
	uint32_t status;	/* with R0_VM_STATUS: what the guest wrote */
	bool has_reason;	/* of the hardware's */
	uint64_t reason_number; /* what it was: of KVM_EXIT_FAIL_ENTRY */
	char reason[256];	/* all of it as one line; never empty */
};

/*
 * Wait until the VM has ended and its threads are gone, for `timeout_ms` milliseconds or, if that is
 * negative, for ever. `outcome` may be NULL. -ETIMEDOUT; -EINVAL if it was never started. May be
 * called again, with the same outcome.
 */
int r0_vm_wait(struct r0_vm *vm, int timeout_ms, struct r0_vm_outcome *outcome,
	       struct r0_error *error);

/*
 * Write ACPI tables for a VM with options.pc into its memory, from 0xe0000 to 0xfffff, which the guest's
 * memory map has to have as reserved: RSDP, RSDT, XSDT, FADT, FACS, HPET, DSDT, and MADT with an irqchip. *rsdp,
 * unless that is NULL, is where the RSDP is, which guests also find by themselves. Again after a reset that isn't
 * the way back from sleep. -ENOTSUP without options.pc; -EINVAL for less than 1 MiB of memory.
 */
int r0_vm_acpi(struct r0_vm *vm, uint64_t *rsdp, struct r0_error *error);

/*
 * Put a VM at rest back to how it is after a reset, ready to be started again: CPUs, devices
 * and interrupt controllers. Memory, the CMOS and the time stay. A reset that the guest asked for of the
 * CPUs alone leaves devices and controllers as they are. One that sleeps is waited for to be woken, by the
 * real-time clock's alarm if the guest has enabled it, for `timeout_ms` milliseconds, for ever if that is
 * negative.
 *
 * *entry is where firmware would have the first CPU go on, which r0_vm_enter() takes: at the waking vector of
 * the FACS after a sleep, if r0_vm_acpi() made it; at the address at 0x467 if the CMOS's shutdown
 * status 0x0f is 5 or 0xa; else of mode R0_VM_MODE_RESET: it is the caller's to load something again. What resets
 * itself over and over is the caller's to bound.
 *
 * Returns 0; -EBUSY while it runs; -ETIMEDOUT if nothing woke it yet, and then
 * it sleeps on; -EDEADLK if nothing can; what KVM refuses.
 */
int r0_vm_reset(struct r0_vm *vm, int timeout_ms, struct r0_vm_entry *entry,
		struct r0_error *error);

/* End the VM, without waiting for it. Wins over a freeze. No effect if it has ended or isn't started. */
void r0_vm_kill(struct r0_vm *vm);

/*
 * An eventfd of the VM's, not to be closed or read: readable once the VM is ending, for whatever
 * reason. Who writes 1 to it kills the VM.
 */
int r0_vm_kill_fd(const struct r0_vm *vm);

/*
 * Get what the guest has printed since the last such call: *text is allocated, ends in a zero beyond
 * its *size bytes, and is to be freed by the caller. Of what nobody fetches, the last
 * R0_VM_CONSOLE_MAX bytes are kept; *dropped, which may be NULL, says how many before them were not.
 * -ENODEV if the VM has no such console.
 */
#define R0_VM_CONSOLE_MAX (1ul << 20)
int r0_vm_console_take(struct r0_vm *vm, enum r0_vm_console console, char **text, size_t *size,
		       uint64_t *dropped, struct r0_error *error);

/*
 * Type into a console. Returns how many bytes it took: what the guest does not read fills its buffers
 * up. -ENODEV if the VM has no such console or it takes no input.
 */
long r0_vm_console_type(struct r0_vm *vm, enum r0_vm_console console, const void *data, size_t size,
			struct r0_error *error);

/*
 * Port and MMIO accesses that no device took: such a read gives ones in every bit, such a write goes
 * nowhere. `accesses`, of `size` entries, gets the last ones, the oldest first, *count how many those
 * are. Returns how many there were in all.
 */
struct r0_vm_access {
	bool port; /* else memory */
	bool write;
	uint8_t width;		 /* bytes */
	uint64_t address, value; /* what was written, or what the guest has read */
};
uint64_t r0_vm_unmapped(struct r0_vm *vm, struct r0_vm_access *accesses, size_t size,
			size_t *count);

/*
 * Bring a running VM to rest: device work stops, and every CPU stops between two instructions. Returns
 * when all have. -EALREADY if it is frozen, -EINVAL if it was not started, -ESHUTDOWN if it has ended
 * or ends meanwhile; -ETIMEDOUT if a CPU does not come to rest in options.park_limit_ms: the message
 * names each that does not, and the others go on.
 */
int r0_vm_freeze(struct r0_vm *vm, struct r0_error *error);

/* Let a frozen VM go on. -EALREADY if it is not frozen. One that was killed meanwhile just ends. */
int r0_vm_thaw(struct r0_vm *vm, struct r0_error *error);

/*
 * Hold a running VM's CPUs, or let them go again: a CPU that leaves the VM, for an access or whatever else,
 * does not enter it again. For options.output, which may call this function: the CPU that printed stays right
 * behind that, until r0_vm_freeze() brings all to rest there, or the VM is killed. A freeze and a thaw leave it
 * held; when it is started again it is not.
 */
void r0_vm_hold(struct r0_vm *vm, bool held);

/*
 * A full snapshot of a VM at rest: its CPUs' whole state, that of its devices and interrupt
 * controllers, its memory. Files behind virtio devices are not part of it, nor does it stop clocks. It
 * is the caller's, independent of the VM, until r0_vm_snapshot_destroy(), for which NULL is fine.
 * One thread at a time may use it, or destroy a VM that it was taken from or restored to. It shares memory with
 * the VM, and with all that it is restored to: the first one copies none, and a later one copies the pages written
 * since the first, or since the VM got its memory by r0_vm_snapshot_restore(). -EBUSY while the VM runs; what KVM
 * refuses to tell.
 */
int r0_vm_snapshot_take(struct r0_vm_snapshot **snapshot, struct r0_vm *vm, struct r0_error *error);
void r0_vm_snapshot_destroy(struct r0_vm_snapshot *snapshot);

/*
 * Put a VM at rest back to a snapshot, any number of times. Costs by the pages that were written since
 * the two were last the same; the first time with another VM than it was taken from, or with a
 * snapshot from a file, by the pages that the snapshot is alone to have, as the others are shared from then on.
 * A frozen VM stays frozen; one that has ended is ready to be started again. -EBUSY while it runs; -EINVAL if VM
 * and snapshot differ in CPUs, memory, devices or what KVM keeps of a CPU, or the CPU's features; -EIO for a file of
 * a snapshot that can't be read any more; what KVM refuses to take: then the VM has ended as
 * R0_VM_FATAL, and can only be destroyed or put back once more. In another VM than it was taken from, time
 * goes on from that of the snapshot.
 */
int r0_vm_snapshot_restore(struct r0_vm_snapshot *snapshot, struct r0_vm *vm,
			   struct r0_error *error);

/*
 * Write a snapshot to a file, which is replaced as a whole or not at all, and read one. What open(),
 * write() and the like say. The file has holes where memory is zero. Loading gives -EBADMSG, with what is wrong, for a
 * file that is damaged, cut off or no snapshot; -EPROTONOSUPPORT for one of another version or architecture. It does
 * not read memory, but maps it: see r0_vm_snapshot_check(). The file may be removed, or replaced by another, while the
 * snapshot or VMs that have its memory are there, but not written to. If it is cut off, or its disk fails, a VM that
 * needs what is missing ends as R0_VM_FATAL, and functions that do fail with -EIO.
 */
int r0_vm_snapshot_save(const struct r0_vm_snapshot *snapshot, const char *path,
			struct r0_error *error);
int r0_vm_snapshot_load(struct r0_vm_snapshot **snapshot, const char *path, struct r0_error *error);

/*
 * Read all memory of a snapshot that was loaded, and compare its checksum with that in the file: what damage there is
 * would otherwise be the guest's to find, as in memory that fails. 0 for one that was taken. -EBADMSG if it is damaged;
 * -EIO if the file can't be read.
 */
int r0_vm_snapshot_check(const struct r0_vm_snapshot *snapshot, struct r0_error *error);

/*
 * Set what *options of a VM have to be for it to take the snapshot: all but files, `block`, `net` and what is
 * no part of the machine, which are left alone. *block and *net say whether it has such a device. options->cpu
 * stays the snapshot's.
 */
void r0_vm_snapshot_options(const struct r0_vm_snapshot *snapshot, struct r0_vm_options *options,
			    bool *block, bool *net);

/*
 * Compare two snapshots: each difference, a register with its values or a page of memory with the
 * first bytes that differ, is given as one line, without a newline, to `tell`, which may be NULL.
 * Returns their number, 0 if there is none; -EINVAL if they are of different machines.
 */
long r0_vm_snapshot_diff(const struct r0_vm_snapshot *a, const struct r0_vm_snapshot *b,
			 void (*tell)(void *context, const char *line), void *context,
			 struct r0_error *error);

/* Watched addresses at a time, the gated one among them. */
#define R0_VM_WATCHES 4

#define R0_VM_TAG_SIZE 64

/* A write to a watched variable. */
struct r0_vm_hit {
	int watch;	  /* as r0_vm_watch() returned it */
	unsigned int cpu; /* that wrote */
	uint64_t address; /* of the variable, guest-virtual */
	uint64_t old_value, new_value;
	uint64_t ip; /* of the instruction after the one that wrote */
	char tag[R0_VM_TAG_SIZE];
};

/*
 * Report each write by a CPU to a guest variable of `length` bytes, 1, 2, 4 or 8, at a guest-virtual
 * address that is a multiple of it. `tag` is copied; NULL is none. A running VM is frozen meanwhile.
 * Returns the watch's number, for r0_vm_unwatch(). -EINVAL for another length or alignment; -EFAULT if
 * no CPU maps the address; -ENOSPC with R0_VM_WATCHES - 1 of them; what r0_vm_freeze() says.
 *
 * By the CPU's own watchpoints where KVM's work, which the first call finds out by trying one. Where
 * they don't, CPUs take turns in single steps and the variable is compared after each: everything is
 * slow, and a write of the value that is there already goes unseen.
 */
int r0_vm_watch(struct r0_vm *vm, uint64_t address, unsigned int length, const char *tag,
		struct r0_error *error);

/*
 * The same with a gate: only writes after which `*gate`, a variable of the host's that has to stay, is
 * at least `threshold` count. There is one such watch. -EBUSY if it is in use, -EINVAL without a gate.
 */
int r0_vm_watch_gated(struct r0_vm *vm, uint64_t address, unsigned int length, const char *tag,
		      const uint32_t *gate, uint32_t threshold, struct r0_error *error);

/* End a watch; a running VM is frozen meanwhile. -ENOENT if there is none of that number. */
int r0_vm_unwatch(struct r0_vm *vm, int watch, struct r0_error *error);

/* How writes are found: "hardware watchpoints", "single steps, …" and why, or "nothing yet". */
const char *r0_vm_watch_method(struct r0_vm *vm);

/*
 * An eventfd of the VM's, not to be closed: readable while there are hits. r0_vm_hits() takes the
 * oldest `size` of them and returns how many that were. R0_VM_HITS_MAX are kept, later ones counted:
 * r0_vm_hits_lost().
 */
#define R0_VM_HITS_MAX 256
int r0_vm_hit_fd(const struct r0_vm *vm);
size_t r0_vm_hits(struct r0_vm *vm, struct r0_vm_hit *hits, size_t size);
uint64_t r0_vm_hits_lost(struct r0_vm *vm);

#endif /* RING0_VM_H */
