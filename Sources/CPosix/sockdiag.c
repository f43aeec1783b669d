// Which sockets belong together, as the kernel tells without any right (sock_diag(7)).
#include "brood_inspect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

typedef bool (*reader)(const struct nlmsghdr *, struct brood_socket_entry *);

// Sends a request for all sockets of a kind and reads the answers.
static int32_t dump(
  const void *request, size_t size, reader read_one, struct brood_socket_entry *entries,
  int32_t capacity, int32_t count) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return -errno;
  // The kernel answers at once; the limit is for a kernel that does not.
  struct timeval limit = {.tv_usec = 500000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  int32_t result = count;
  if (send(fd, request, size, 0) < 0) {
    result = -errno;
    close(fd);
    return result;
  }
  _Alignas(8) char buffer[32768];
  for (bool more = true; more && result >= 0;) {
    ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      result = got < 0 ? -errno : -EIO;
      break;
    }
    int left = (int)got;
    for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE) {
        more = false;
        break;
      }
      if (message->nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *error = NLMSG_DATA(message);
        result = error->error < 0 ? error->error : -EIO;
        break;
      }
      struct brood_socket_entry spare;
      struct brood_socket_entry *entry = result < capacity ? &entries[result] : &spare;
      memset(entry, 0, sizeof *entry);
      if (read_one(message, entry)) result++;
    }
  }
  close(fd);
  return result;
}

static bool read_unix(const struct nlmsghdr *message, struct brood_socket_entry *entry) {
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct unix_diag_msg))) return false;
  const struct unix_diag_msg *told = NLMSG_DATA(message);
  entry->family = AF_UNIX;
  entry->inode = told->udiag_ino;
  entry->type = told->udiag_type;
  entry->state = told->udiag_state;
  int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof *told));
  for (const struct rtattr *attribute = (const struct rtattr *)(told + 1);
       RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    size_t size = RTA_PAYLOAD(attribute);
    if (attribute->rta_type == UNIX_DIAG_PEER && size >= sizeof entry->peer) {
      memcpy(&entry->peer, RTA_DATA(attribute), sizeof entry->peer);
    } else if (attribute->rta_type == UNIX_DIAG_NAME) {
      if (size > sizeof entry->name) size = sizeof entry->name;
      memcpy(entry->name, RTA_DATA(attribute), size);
      entry->name_length = (uint8_t)size;
    } else if (attribute->rta_type == UNIX_DIAG_RQLEN && size >= sizeof(struct unix_diag_rqlen)) {
      const struct unix_diag_rqlen *length = RTA_DATA(attribute);
      entry->waiting = length->udiag_rqueue;
    }
  }
  return true;
}

static bool read_tcp(const struct nlmsghdr *message, struct brood_socket_entry *entry) {
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) return false;
  const struct inet_diag_msg *told = NLMSG_DATA(message);
  entry->family = told->idiag_family;
  entry->inode = told->idiag_inode;
  entry->type = SOCK_STREAM;
  entry->protocol = IPPROTO_TCP;
  entry->state = told->idiag_state;
  entry->waiting = told->idiag_rqueue;
  entry->local_port = ntohs(told->id.idiag_sport);
  entry->remote_port = ntohs(told->id.idiag_dport);
  memcpy(entry->local_address, told->id.idiag_src, 16);
  memcpy(entry->remote_address, told->id.idiag_dst, 16);
  return true;
}

// The head of a request of so many bytes for all sockets of a kind.
static struct nlmsghdr dump_head(size_t size) {
  return (struct nlmsghdr){
    .nlmsg_len = (uint32_t)size,
    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
  };
}

int32_t brood_unix_sockets(struct brood_socket_entry *entries, int32_t capacity) {
  struct {
    struct nlmsghdr head;
    struct unix_diag_req request;
  } asked = {
    .head = dump_head(sizeof asked),
    .request = {
      .sdiag_family = AF_UNIX,
      .udiag_states = UINT32_MAX,
      .udiag_show = UDIAG_SHOW_PEER | UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN,
    },
  };
  return dump(&asked, sizeof asked, read_unix, entries, capacity, 0);
}

int32_t brood_tcp_sockets(struct brood_socket_entry *entries, int32_t capacity) {
  int32_t count = 0;
  const uint8_t families[] = {AF_INET, AF_INET6};
  for (int i = 0; i < 2; i++) {
    struct {
      struct nlmsghdr head;
      struct inet_diag_req_v2 request;
    } asked = {
      .head = dump_head(sizeof asked),
      .request = {
        .sdiag_family = families[i],
        .sdiag_protocol = IPPROTO_TCP,
        .idiag_states = UINT32_MAX,
      },
    };
    int32_t found = dump(&asked, sizeof asked, read_tcp, entries, capacity, count);
    // A kernel may be without IPv6.
    if (found < 0 && i == 0) return found;
    if (found >= 0) count = found;
  }
  return count;
}
