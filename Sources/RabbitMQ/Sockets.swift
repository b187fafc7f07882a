import Glibc

/// The system calls around a connection's socket.
enum Sockets {
    /// Never waits and never raises SIGPIPE.
    static func send(_ socket: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        Glibc.send(socket, bytes, count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    static var wouldBlock: Bool { errno == EAGAIN || errno == EWOULDBLOCK }
    static var wasInterrupted: Bool { errno == EINTR }
    static var errorText: String { String(cString: strerror(errno)) }

    struct Readiness {
        var readable = false
        var writable = false
        /// An error or a hang-up, which the next read reports.
        var failed = false
    }

    /// Waits for the socket (if there is one) or the mailbox's signal, at most `milliseconds`; -1 waits for the signal.
    static func wait(
        socket: Int32?, forReading: Bool, forWriting: Bool, signal: Int32, milliseconds: Int
    ) -> Readiness {
        // Without a signal (see `Mailbox.signal`; poll skips negative descriptors) the mailbox is looked at regularly.
        let timeout = signal >= 0 ? Int32(clamping: milliseconds) : 100
        var descriptors = [pollfd(fd: signal, events: Int16(POLLIN), revents: 0)]
        if let socket {
            let events = (forReading ? Int16(POLLIN) : 0) | (forWriting ? Int16(POLLOUT) : 0)
            descriptors.append(pollfd(fd: socket, events: events, revents: 0))
        }
        // An interrupted poll reports nothing; the caller's loop computes its limits anew.
        guard poll(&descriptors, nfds_t(descriptors.count), timeout) > 0 else { return Readiness() }
        var ready = Readiness()
        if descriptors.count > 1 {
            ready.failed = descriptors[1].revents & (Int16(POLLERR) | Int16(POLLHUP) | Int16(POLLNVAL)) != 0
            ready.readable = ready.failed || descriptors[1].revents & Int16(POLLIN) != 0
            ready.writable = descriptors[1].revents & Int16(POLLOUT) != 0
        }
        return ready
    }

    static func isWritable(_ socket: Int32) -> Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
        return poll(&descriptor, 1, 0) > 0 && descriptor.revents & Int16(POLLOUT) != 0
    }

    /// A larger send buffer, so that a socket that polls as writable takes a whole frame of the TLS path.
    static func enlargeSendBuffer(_ socket: Int32) {
        var size: Int32 = 512 * 1024
        // Refused or cut down by the system: the default is then what there is.
        _ = setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    static func isAddress(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
    }

    static func isReadableFile(_ path: String) -> Bool { access(path, R_OK) == 0 }
}

/// Milliseconds of a clock that only goes forward.
enum Uptime {
    static var milliseconds: Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
    }
}
