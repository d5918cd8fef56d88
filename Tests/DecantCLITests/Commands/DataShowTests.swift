import CanonicalJSON
import Testing

/// What `show` says of rows.
@Suite struct DataShowTests {
    let workshop: LineageWorkshop

    init() throws { workshop = try LineageWorkshop.built() }

    @Test func dataShowTheirRows() throws {
        let text = try workshop.program.run("show", "data").output
        for part in [
            "made by     data.split", "function", "set_light", "no call: ", "query, characters: ", "query, tokens: ",
            "have a training row's query", "train:\n", "[{\"name\":",
        ] { #expect(text.contains(part), "\(part)\n\(text)") }
        let json = try workshop.json("show", "data")["data"]
        #expect(json?["rows"] == json?["read"])
        #expect(json?["sets"]?["train"]?.integer ?? 0 > 100)
        // `split.ood` keeps it from training.
        #expect(json?["functions"]?["find_phone"]?["train"] == nil)
        #expect(json?["functions"]?["find_phone"]?["ood"]?.integer ?? 0 > 0)
        #expect(json?["unfit"]?["count"] == 0)
        for (_, overlap) in json?["overlap"]?.object ?? [:] { #expect(overlap["exact"] == 0) }
        #expect(try workshop.json("show", "student.kd")["data"] == .null)
    }

    @Test func theDataBehindAModelAreShown() throws {
        let behind = try workshop.json("show", "student.kd", "--data")
        let data = try workshop.json("show", "data")
        #expect(behind["artifact"] == data["artifact"])
        #expect(behind["data"]?["functions"] == data["data"]?["functions"])
        #expect(
            try workshop.program.run("show", "--data", "source.functions", status: 2).errors.contains("was made with no rows"))
        #expect(try workshop.program.run("show", "--data", "tiny", status: 2).errors.contains("name one of its targets"))
    }
}
