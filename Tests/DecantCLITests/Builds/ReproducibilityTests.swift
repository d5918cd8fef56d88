import CanonicalJSON
import Dispatch
import Foundation
import Synchronization
import Testing

/// The same recipe gives the same commits, whatever is around it.
@Suite struct ReproducibilityTests {
    @Test func commitsDependOnNeitherDirectoryNorCacheNorThreads() throws {
        let here = try DecantProgram()
        here.threads = 1
        let there = try DecantProgram()
        there.threads = 2
        there.cache = "somewhere/else"
        let first = DecantProgram.commits(try here.build())
        let second = DecantProgram.commits(try there.build())
        #expect(first.count == 3)
        #expect(first == second)
    }

    @Test func commitsDependNotOnTheWidthOfVectors() throws {
        let wide = try DecantProgram()
        let narrow = try DecantProgram()
        narrow.extraEnvironment["DECANT_VECTORS"] = "avx2"
        #expect(DecantProgram.commits(try narrow.build()) == DecantProgram.commits(try wide.build()))
    }

    @Test func stagesSideBySideGiveTheSameCommits() throws {
        let program = try DecantProgram()
        let serial = DecantProgram.commits(try program.build())
        program.cache = "parallel"
        let result = try program.run("build", "tiny.yaml", "--json", "--jobs", "4", "--threads", "1")
        #expect(DecantProgram.commits(try #require(result.events.last)) == serial)
    }

    @Test func twoBuildsShareAStore() throws {
        let program = try DecantProgram()
        let processes = try (0..<2).map { _ in try program.start(["build", "tiny.yaml", "--json", "--threads", "1"]) }
        // Side by side: who fills a pipe that nobody reads holds the other up.
        let pipes = try processes.map { try #require($0.standardOutput as? Pipe).fileHandleForReading }
        let outputs = Mutex([Data](repeating: Data(), count: pipes.count))
        DispatchQueue.concurrentPerform(iterations: pipes.count) { index in
            let output = pipes[index].readDataToEndOfFile()
            outputs.withLock { $0[index] = output }
        }
        let done = try zip(processes, outputs.withLock { $0 }).map { process, output in
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            let last = try #require(String(decoding: output, as: UTF8.self).split(separator: "\n").last)
            return try JSON(parsing: String(last))
        }
        #expect(DecantProgram.commits(done[0]).count == 3)
        #expect(DecantProgram.commits(done[0]) == DecantProgram.commits(done[1]))
        #expect(try program.run("fsck").output.contains(" 0 problems"))
        #expect(try program.build()["ran"] == [])
    }

    @Test(arguments: ["teacher.sft", "student.kd"])
    func aKilledBuildLeavesAWholeStoreAndTheNextCompletes(stage: String) throws {
        let undisturbed = try DecantProgram()
        let expected = DecantProgram.commits(try undisturbed.build())
        let program = try killedBuild(during: stage)
        #expect(try program.run("fsck").output.contains(" 0 problems"))
        let done = try program.build()
        #expect(done.strings("ran").contains(stage))
        #expect(done.strings("cached").contains("tokenizer"))
        #expect(DecantProgram.commits(done) == expected)
        #expect(try program.run("fsck").output.contains(" 0 problems"))
    }

    /// A build that was killed while it trained. On a busy machine the stage may have ended before: then another one is killed.
    private func killedBuild(during stage: String) throws -> DecantProgram {
        for _ in 0..<10 {
            let program = try DecantProgram()
            let process = try program.start(["build", "tiny.yaml", "--json"])
            let handle = try #require(process.standardOutput as? Pipe).fileHandleForReading
            var seen = ""
            func says(_ event: String) -> Bool {
                seen.split(separator: "\n").contains {
                    $0.contains("\"event\":\"\(event)\"") && $0.contains("\"stage\":\"\(stage)\"")
                }
            }
            while !says("stage-progressed"), case let chunk = handle.availableData, !chunk.isEmpty {
                seen += String(decoding: chunk, as: UTF8.self)
            }
            kill(process.processIdentifier, SIGKILL)
            seen += String(decoding: handle.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            if says("stage-progressed"), !says("stage-finished") { return program }
        }
        throw TooSlow()
    }

    private struct TooSlow: Error {}

    @Test func aRunnerThatIsKilledTakesItsStageWithIt() throws {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "SFT(steps: 150)", "SFT(steps: 100000)")
        let process = try program.start(["build", "tiny.yaml", "--json"])
        let handle = try #require(process.standardOutput as? Pipe).fileHandleForReading
        var seen = ""
        while !seen.contains("stage-progressed"), case let chunk = handle.availableData, !chunk.isEmpty {
            seen += String(decoding: chunk, as: UTF8.self)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let deadline = Date(timeIntervalSinceNow: 120)
        while Self.stagesRunning(in: program.folder) > 0, Date() < deadline { Thread.sleep(forTimeInterval: 0.05) }
        #expect(Self.stagesRunning(in: program.folder) == 0)
    }

    /// Processes whose command line names a directory.
    private static func stagesRunning(in folder: URL) -> Int {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.count { process in
            guard Int(process) != nil, let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else {
                return false
            }
            let text = String(decoding: line, as: UTF8.self)
            return text.contains(folder.lastPathComponent) && text.contains("stage")
        }
    }
}
