import CSpawn
import Foundation

/// `/proc`, as Swift's libraries need it: a program's arguments come from there, and libdispatch looks there for its own threads
/// and ends the process where it does not find them.
package enum ProcessFiles {
    /// Makes sure that `/proc` shows this process. Where it does not, a superuser's process gets a `/proc` of its own, which
    /// nobody else sees.
    ///
    /// To be called before any other thread is made, and before the program's arguments are read.
    package static func require() throws(ProcessFilesUnusable) {
        guard !showThisProcess else { return }
        guard unshare(DECANT_NEW_MOUNTS) == 0, mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0,
            mount("proc", "/proc", "proc", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), nil) == 0, showThisProcess
        else { throw ProcessFilesUnusable() }
        startAgain()
        throw ProcessFilesUnusable()
    }

    /// Runs this program once more in this process: what its libraries read at the start, they looked for in vain. Returns only
    /// where that fails.
    private static func startAgain() {
        guard let line = FileManager.default.contents(atPath: "/proc/self/cmdline") else { return }
        let arguments = CStrings(words: line.split(separator: 0, omittingEmptySubsequences: false).dropLast())
        withExtendedLifetime(arguments) { _ = execv("/proc/self/exe", $0.pointers) }
    }

    /// The file of the program that this process runs.
    package static func program() throws -> URL {
        URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    }

    private static var showThisProcess: Bool {
        var target = [CChar](repeating: 0, count: 32)
        let length = readlink("/proc/self", &target, target.count)
        return length > 0 && String(decoding: target[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self) == String(getpid())
    }
}

package struct ProcessFilesUnusable: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String {
        "/proc does not show this process, which Swift's libraries need: mount it (mount -t proc proc /proc), or enter the process "
            + "namespace with a /proc of its own (unshare --pid --fork --mount-proc)"
    }
}

/// The address space that a process may have (`ulimit -v`).
package enum AddressSpace {
    /// Bytes, below which Swift's libraries fail before they could say so.
    private static let least: rlim_t = 512 << 20

    /// - Throws: `AddressSpaceTooSmall` where even small stages would end in a crash.
    package static func require() throws(AddressSpaceTooSmall) {
        guard let limit, limit < least else { return }
        throw AddressSpaceTooSmall(bytes: limit)
    }

    /// Whether a program could run out of addresses before the machine runs out of memory.
    package static var isScarce: Bool { (limit ?? .max) < 16 << 30 }

    /// Bytes; `nil` where it is not known.
    private static var limit: rlim_t? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 ? limit.rlim_cur : nil
    }
}

package struct AddressSpaceTooSmall: Error, Hashable, Sendable, CustomStringConvertible {
    let bytes: rlim_t

    package var description: String {
        "this process may have \(bytes >> 20) MiB of addresses, and needs 512 MiB: raise the limit (ulimit -v)"
    }
}
