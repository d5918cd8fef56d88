import Foundation
import Fuzzing

/// The process that gives inputs to a parser. It writes each input's number down before it begins.
enum FuzzChild {
    /// Inputs of one process, at most: what a parser keeps for ever then shows as memory, and ends.
    static let mostInputs = 20_000

    static func run(_ shared: String, _ arguments: FuzzArguments) {
        guard let name = arguments.targets.first, let target = FuzzTarget.named(name), let board = FuzzBoard(shared) else {
            exit(2)
        }
        let folder = URL(fileURLWithPath: shared + ".folder", isDirectory: true)
        for number in arguments.first..<arguments.first + mostInputs {
            try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            // Making the input counts, too: what fails there is a finding about the fuzzer.
            board.begin(number)
            target.run(target.input(number, seed: arguments.seed), in: folder)
            board.end()
            if (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.isEmpty == false {
                try? FileManager.default.removeItem(at: folder)
            }
        }
    }

    static func repeatFile(_ path: String, _ arguments: FuzzArguments) {
        guard let name = arguments.targets.first, let target = FuzzTarget.named(name),
            let content = FileManager.default.contents(atPath: path)
        else { exit(2) }
        let folder = URL.temporaryDirectory.appending(path: "decant-fuzz-\(UUID().uuidString)", directoryHint: .isDirectory)
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let start = ContinuousClock.now
        target.run(Array(content), in: folder)
        try? FileManager.default.removeItem(at: folder)
        say("\(ContinuousClock.now - start)")
    }
}

/// What a child tells its parent, in a file that both have mapped.
final class FuzzBoard {
    private let words: UnsafeMutablePointer<Int>

    init?(_ path: String) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, 4096) == 0 else { return nil }
        defer { close(descriptor) }
        let place = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let place, place != MAP_FAILED else { return nil }
        words = place.bindMemory(to: Int.self, capacity: 512)
    }

    deinit { munmap(words, 4096) }

    /// The input that was begun last.
    var number: Int { words[0] }
    /// Inputs that were ended.
    var ended: Int { words[1] }
    /// Microseconds of the slowest.
    var slowest: Int { words[2] }
    var isBusy: Bool { words[3] == 1 }
    /// The processor's microseconds of the child when the input was begun.
    var begun: Int { words[4] }

    func begin(_ number: Int) {
        words[0] = number
        words[4] = Self.processorTime
        words[3] = 1
    }

    func end() {
        words[3] = 0
        words[1] += 1
        words[2] = max(words[2], Self.processorTime - words[4])
    }

    /// Microseconds that this process has computed.
    private static var processorTime: Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }
}
