import Foundation
import TestSupport
import Testing

/// `Benchmarks/instructions/run` compares what a counter says with the committed figures. The counter is a stand-in here.
@Suite struct InstructionScriptTests {
    private let place = TemporaryFolder()
    private let figures = "Benchmarks/instructions/figures.json"

    /// - Parameters:
    ///   - count: what the counter says of every workload.
    ///   - installs: whether the counter can be had.
    private func run(_ arguments: [String] = [], count: Int, installs: Bool = true) throws -> ProgramRun {
        for path in ["Benchmarks/instructions/run", "Benchmarks/planning/generate.py"] {
            try place.write(Data(contentsOf: Checkout.file(path)), to: path)
        }
        let programs = [
            "scripts/install-packages": "#!/bin/sh\nexit \(installs ? 0 : 3)\n",
            "bin/swift": "#!/bin/sh\necho Swift version 6.3.1\n",
            "bin/ldd": "#!/bin/sh\necho 'ldd (GNU libc) 2.36'\n",
            "bin/valgrind": """
            #!/bin/sh
            if [ "$1" = --version ]; then echo valgrind-3.19.0; else echo '==1== Collected : \(count)' >&2; fi

            """,
            "programs/InstructionBenchmark": "#!/bin/sh\n", "programs/StoreFiller": "#!/bin/sh\n",
        ]
        for (path, text) in programs { try ProgramRun.makeProgram(text, at: place.file(path)) }
        return try ProgramRun(
            ["python3", place.file("Benchmarks/instructions/run").path, "--program", place.file("programs").path] + arguments,
            environment: ["PATH": "\(place.file("bin").path):/usr/bin:/bin", "TMPDIR": place.url.path])
    }

    private func commit(_ count: Int, valgrind: String = "3.19.0") throws {
        let workloads = ["decoding", "hashing", "no-op", "planning", "training"]
        let figures = workloads.map { #""\#($0)": {"instructions": \#(count), "because": "as it was"}"# }
        let text = """
            {"tools": {"swift": "6.3.1", "valgrind": "\(valgrind)", "glibc": "2.36"},
             "figures": {\(figures.joined(separator: ","))}}
            """
        try place.write(Data(text.utf8), to: self.figures)
    }

    @Test func aTwentiethMoreIsAllowed() throws {
        try commit(1_000)
        let run = try run(count: 1_050)
        #expect(run.status == 0)
        #expect(run.output.contains("planning: 1,050, committed 1,000, +5.0%"))
    }

    @Test func moreFailsAndSaysWhatToDo() throws {
        try commit(1_000)
        let run = try run(count: 1_051)
        #expect(run.status == 1)
        #expect(run.output.contains("planning: 1,051, committed 1,000, +5.1%"))
        #expect(run.output.contains("Benchmarks/instructions/run --record decoding hashing no-op planning training --because"))
    }

    @Test func aFigureIsRecordedForAReason() throws {
        try commit(1_000)
        #expect(try run(["--record", "planning"], count: 1_200).status == 2)
        #expect(try run(["--record", "planning", "--because", "more is planned"], count: 1_200).status == 1)
        let text = try String(contentsOf: place.file(figures), encoding: .utf8)
        #expect(text.contains(#""because": "more is planned""#) && text.contains("1200") && text.contains("1000"))
    }

    @Test func otherToolsAreNotCompared() throws {
        try commit(1_000, valgrind: "3.24.0")
        let run = try run(count: 2_000)
        #expect(run.status == 0)
        #expect(run.output.contains("not compared"))
        #expect(try self.run(["--record", "planning", "--because", "new"], count: 2_000).status == 2)
    }

    @Test func withoutACounterItSaysSo() throws {
        try commit(1_000)
        let run = try run(count: 2_000, installs: false)
        #expect(run.status == 0)
        #expect(run.output.contains("not counted: valgrind is not here"))
    }

    @Test func everyWorkloadHasAFigureAndAReason() throws {
        let text = try String(contentsOf: Checkout.file(figures), encoding: .utf8)
        for name in ["decoding", "hashing", "no-op", "planning", "training"] { #expect(text.contains("\"\(name)\": {")) }
        #expect(text.components(separatedBy: "\"because\": \"").count == 6)
    }
}
