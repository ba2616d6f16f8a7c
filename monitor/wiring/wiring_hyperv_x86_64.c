/* SPDX-License-Identifier: MIT */
/* The test device for Hyper-V's synthetic interrupt controller, and KVM's part of that. */
#include "monitor/wiring/wiring_hyperv.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "devices/pc/hyperv_testdev.h"
#include "kvm/vm/cpu_model_x86_64.h"
#include "kvm/vm/vm_x86_64.h"

#define SOURCES (HYPERV_TESTDEV_CPUS * SYNIC_SOURCES)

struct hyperv {
	struct wiring *wiring;
	struct hyperv_testdev testdev;
	bool routed;	    /* KVM knows of the sources */
	int lines[SOURCES]; /* eventfds, for KVM to tell of ends, or -1 */
};

/* When the device is first used: then all vCPUs are there. */
static bool route(struct hyperv *hyperv)
{
	const struct wiring *wiring = hyperv->wiring;

	if (!hyperv->routed)
		hyperv->routed = !vm_route_sources(wiring->vm, wiring->options->cpus, NULL);
	return hyperv->routed;
}

static void interrupt(void *context, unsigned int cpu, unsigned int source)
{
	struct hyperv *hyperv = context;

	/* KVM refuses one that the guest has masked. */
	if (route(hyperv))
		vm_interrupt_source(hyperv->wiring->vm, cpu, source, NULL);
}

static bool listen(void *context, unsigned int cpu, unsigned int source)
{
	struct hyperv *hyperv = context;
	int *line = &hyperv->lines[cpu * SYNIC_SOURCES + source];

	if (*line >= 0)
		return true;
	*line = route(hyperv) ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
	if (*line < 0)
		return false;
	if (!vm_listen_source(hyperv->wiring->vm, cpu, source, *line, hyperv->wiring->event, NULL))
		return true;
	close(*line);
	*line = -1;
	return false;
}

/* Ends of interrupts, of any source. A device that was put back may have messages that wait, too. */
static void serve_event(struct wiring *wiring)
{
	uint64_t times;

	(void)!read(wiring->event, &times, sizeof(times));
	hyperv_testdev_taken(&wiring->hyperv->testdev);
}

static bool is_wanted(const struct wiring *wiring)
{
	const struct cpu_model *model = wiring->vm->cpu_model;

	return wiring->options->test_devices && model && model->hyperv && wiring->vm->irqchip &&
	       !wiring->vm->split;
}

int wiring_hyperv_add(struct wiring *wiring, struct guest_memory *memory, struct error *error)
{
	struct hyperv_testdev_options options = {
		.ram = &memory->ram,
		.cpus = wiring->options->cpus,
		.interrupt = interrupt,
		.listen = listen,
	};
	struct hyperv *hyperv;

	if (!is_wanted(wiring))
		return 0;
	hyperv = calloc(1, sizeof(*hyperv));
	if (!hyperv)
		return error_set(error, ENOMEM, "no memory for Hyper-V's test device");
	memset(hyperv->lines, -1, sizeof(hyperv->lines));
	hyperv->wiring = wiring;
	wiring->hyperv = hyperv;
	wiring->serve_event = serve_event;
	wiring->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wiring->event < 0)
		return error_set(error, errno, "making an eventfd failed: %s", strerror(errno));
	options.context = hyperv;
	hyperv_testdev_init(&hyperv->testdev, &options);
	return bus_add(&wiring->bus, BUS_PORT, HYPERV_TESTDEV_PORT, 4, &hyperv->testdev.dev, error);
}

void wiring_hyperv_finish(struct wiring *wiring)
{
	size_t i;

	for (i = 0; wiring->hyperv && i < SOURCES; i++)
		if (wiring->hyperv->lines[i] >= 0)
			close(wiring->hyperv->lines[i]);
	if (wiring->event >= 0)
		close(wiring->event);
	free(wiring->hyperv);
}

bool wiring_hyperv_serve(struct wiring *wiring, unsigned int cpu, const struct vcpu *vcpu)
{
	struct kvm_hyperv_exit *exit = &vcpu->run->hyperv;

	if (vcpu->run->exit_reason != KVM_EXIT_HYPERV || !wiring->hyperv ||
	    (exit->type != KVM_EXIT_HYPERV_SYNIC && exit->type != KVM_EXIT_HYPERV_HCALL))
		return false;
	pthread_mutex_lock(&wiring->lock);
	if (exit->type == KVM_EXIT_HYPERV_SYNIC)
		hyperv_testdev_set_cpu(&wiring->hyperv->testdev, cpu,
				       &(struct synic_cpu){ exit->u.synic.control,
							    exit->u.synic.evt_page,
							    exit->u.synic.msg_page });
	else
		exit->u.hcall.result = hyperv_testdev_call(
			&wiring->hyperv->testdev, exit->u.hcall.input, exit->u.hcall.params[0]);
	pthread_mutex_unlock(&wiring->lock);
	return true;
}
