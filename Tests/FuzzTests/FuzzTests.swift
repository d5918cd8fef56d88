import Foundation
import Fuzzing
import TestSupport
import Testing

/// Each parser of bytes from outside, for a moment; `scripts/fuzz` tries them for long.
@Suite(.serialized) struct FuzzTests {
    private static let fuzzer = Checkout.builtProgram("ParserFuzzer").path

    @Test(.mustEnd, arguments: FuzzTarget.all.map(\.name)) func noInputBreaksAParser(target: String) throws {
        let folder = TemporaryFolder()
        let run = try ProgramRun(
            [Self.fuzzer, "--target", target, "--seconds", "1.5", "--seed", "7", "--findings", folder.url.path],
            mergesErrors: true)
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains(" 0 findings"), "\(run.output)")
    }

    @Test func aTargetsSeedsAreRead() {
        #expect(Set(FuzzTarget.all.map(\.name)).count == FuzzTarget.all.count)
        for target in FuzzTarget.all {
            let folder = TemporaryFolder()
            #expect(target.seeds.allSatisfy { $0.count > 20 }, "\(target.name)")
            let isTaken = target.run(target.seeds[0], in: folder.url)
            #expect(isTaken, "\(target.name)")
        }
    }

    @Test func aNumberAlwaysGivesTheSameInput() {
        for target in FuzzTarget.all {
            for number in [0, 5, 1000] { #expect(target.input(number, seed: 3) == target.input(number, seed: 3)) }
        }
    }
}
