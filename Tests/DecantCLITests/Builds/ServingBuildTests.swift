import CanonicalJSON
import Foundation
import Testing

/// The metric `latency`, from a recipe to the report: this program serves, and measures itself.
@Suite struct ServingBuildTests {
    @Test func latencyIsMeasuredAndReported() throws {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "prune: {method: depth, ratio: 20%, recover: \"KD(steps: 15)\"}\n", "")
        try program.edit("tiny.yaml", "quantize: {scheme: W4A16, group_size: 32}\n", "")
        try program.edit(
            "tiny.yaml", "{sets: [test, phrasing, ood]}",
            "{sets: [test], metrics: [ar, latency], clients: [1, 4], rates: [50], load_time: 0.3 s, slo: {ttft: 60 s}, core_price: 1}"
        )
        try program.build()
        let shown = try program.run("show", "student.kd.serving", "--json").events.first
        let figures = try #require(shown?["metrics"]?["serving.json"])
        for cache in ["warm", "cold"] {
            let loads = ["1", "4"].map { figures[cache]?["clients"]?[$0] } + [figures[cache]?["rates"]?["50"]]
            for load in loads {
                let load = try #require(load)
                #expect(load["failed"] == 0 && load["goodput"] == load["queries_per_second"], "\(load)")
                #expect(try #require(load["answer_tokens"]?.double) >= 1)
            }
        }
        let report = try program.run("show", "report").output
        for words in ["latency", "Answers a second by the number of clients", "price/1M answers", "front"] {
            #expect(report.contains(words), "\(report)")
        }
        // Nothing is measured twice.
        #expect(try program.build()["ran"] == [])
    }
}
