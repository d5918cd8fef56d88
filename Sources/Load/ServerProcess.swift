import Foundation

/// A server on this machine, as the kernel sees it.
package struct ServerProcess: Hashable, Sendable {
    package let id: Int32

    package init(id: Int32) { self.id = id }

    /// The process that takes connections at a port of this machine; `nil` where it is not to be seen.
    package init?(listeningOn port: Int) {
        let inodes = Set(
            ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { Self.listeners(in: Self.text($0) ?? "", port: port) })
        guard !inodes.isEmpty else { return nil }
        let sockets = Set(inodes.map { "socket:[\($0)]" })
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let found = all.compactMap { Int32($0) }.sorted().first { process in
            let folder = "/proc/\(process)/fd"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.contains { name in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
                return target.map { sockets.contains($0) } ?? false
            }
        }
        guard let found else { return nil }
        id = found
    }

    /// The inodes of sockets that listen at a port.
    ///
    /// - Parameter table: `/proc/net/tcp`: number, local address, remote address, state, …, inode.
    static func listeners(in table: String, port: Int) -> [String] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                Int(fields[1][fields[1].index(after: colon)...], radix: 16) == port
            else { return nil }
            return String(fields[9])
        }
    }

    /// Bytes that it has in memory now, and the most that it had; `nil` where it is not to be seen.
    package var memory: Int? { bytes("VmRSS") }
    package var peakMemory: Int? { bytes("VmHWM") }

    /// Seconds of processors that it has taken; `nil` where it is not to be seen.
    package var processorSeconds: Double? {
        // The second field, a name in parentheses, may have spaces.
        guard let text = Self.text("/proc/\(id)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    }

    private func bytes(_ name: String) -> Int? {
        let line = Self.text("/proc/\(id)/status")?.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }

    fileprivate static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}

/// What the processors' packages have used, where the kernel lets this user read it (RAPL).
package struct EnergyMeter: Sendable {
    private let counters: [(microjoules: Double, range: Double)]

    private static let folder = "/sys/class/powercap"

    /// Reads the counters; `nil` where there are none.
    package init?() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder)) ?? []
        // `intel-rapl:0` is a package, `intel-rapl:0:0` a part of it.
        let packages = names.filter { $0.hasPrefix("intel-rapl:") && $0.split(separator: ":").count == 2 }.sorted()
        counters = packages.compactMap { name -> (microjoules: Double, range: Double)? in
            guard let energy = Self.number("\(name)/energy_uj"), let range = Self.number("\(name)/max_energy_range_uj") else {
                return nil
            }
            return (energy, range)
        }
        if counters.isEmpty { return nil }
    }

    /// Joules from an earlier reading to this one. A counter that ran over has done so once.
    package func joules(since earlier: EnergyMeter) -> Double {
        zip(counters, earlier.counters).reduce(0) { sum, pair in
            let difference = pair.0.microjoules - pair.1.microjoules
            return sum + (difference < 0 ? difference + pair.0.range : difference) / 1e6
        }
    }

    private static func number(_ file: String) -> Double? {
        ServerProcess.text("\(folder)/\(file)").flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
}
