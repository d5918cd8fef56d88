import BuildModel
import Testing

/// What must not, and what must alone, change the stages.
@Suite struct KeyInsensitivityTests {
    let base = "transfer: KD\nprune: {method: depth, ratio: 20%}\nquantize: {scheme: W4A16, group_size: 128}\n"

    @Test(arguments: [
        "transfer: KD # a comment\nprune: {method: depth, ratio: 20%}\nquantize: {scheme: W4A16, group_size: 128}\n",
        "description: Another one.\ntransfer: KD\nprune: {method: depth, ratio: 20%}\nquantize: {scheme: W4A16}\n",
        "quantize: {group_size: 128, scheme: W4A16}\nprune: {ratio: 20%, method: depth}\ntransfer: KD\n",
        "quantize:\n  scheme: \"W4A16\"\n  ignore: lm_head\n\nprune:\n  ratio: 0.2\n",
        "transfer: 'KD( steps: 500 )'\nprune: {ratio: 0.20}\nquantize: {scheme: W4A16, group_size: 0.128k}\n",
        "transfer: \"KD[1FKL]\"\nprune: {ratio: .2, recover: KD}\nquantize: {scheme: W4A16, ignore: [lm_head]}\n",
    ])
    func spellingDoesNotMatter(body: String) throws {
        #expect(try plan(body).shapes == plan(base).shapes)
        #expect(try plan(body).targets == plan(base).targets)
    }

    @Test func nameAndPathDoNotMatter() throws {
        let renamed = fixtureHeader.replacing("name: smart-home", with: "name: other")
        #expect(try plan(base, header: renamed).shapes == plan(base).shapes)
    }

    @Test func mixtureOrderDoesNotMatter() throws {
        #expect(try plan("transfer: KD[0.5CE+0.5FKL]\n").shapes == plan("transfer: KD[0.5FKL+0.5CE]\n").shapes)
    }

    @Test func groupSizeTouchesQuantizationAlone() throws {
        let changed = try plan(base.replacing("128", with: "64")).changes(from: plan(base))
        let quantized = "student.kd.prune[20%].recover.W4A16"
        #expect(changed == [quantized, "\(quantized).answers", "\(quantized).scores", "\(quantized).cost", "report"])
    }

    @Test func ratioTouchesNothingBeforePruning() throws {
        let changed = try plan(base.replacing("20%", with: "30%")).changes(from: plan(base))
        let pruned = "student.kd.prune[30%]"
        let models = [pruned, "\(pruned).recover", "\(pruned).recover.W4A16"]
        #expect(changed == Set(models.flatMap { [$0, "\($0).answers", "\($0).scores", "\($0).cost"] } + ["report"]))
    }

    @Test func judgeOfScoresTouchesNoTraining() throws {
        let changed = try plan("transfer: SFT\njudge: {kind: exact}\n").changes(from: plan("transfer: SFT\n"))
        #expect(changed == ["student.sft.scores", "report"])
    }

    @Test func metricsTouchTheReportAlone() throws {
        #expect(try plan("evaluate: {metrics: [ar]}\n").changes(from: plan("")) == ["report"])
    }

    @Test func recoveryStepsTouchTheRecoveryOn() throws {
        let changed = try plan("prune: {recover: \"KD(steps: 20)\"}\n").changes(from: plan("prune: {}\n"))
        let recovered = "student.kd.prune[20%].recover"
        #expect(changed == [recovered, "\(recovered).answers", "\(recovered).scores", "\(recovered).cost", "report"])
    }
}
