package org.jtorch.recipes.report;

/// The look of the report and its charts, light and dark.
final class ReportStyle {
  static final String COLOURS = """
      :root{--paper:#ffffff;--page:#f5f6f8;--ink:#1b2330;--soft:#667085;--rule:#e4e7ec;--line:#2563eb;--raw:#a9c1f5;\
      --dots:#ea580c;--good:#067647;--goodbg:#dcfae6;--warn:#93370d;--warnbg:#fef0c7}
      @media (prefers-color-scheme:dark){:root{--paper:#161b24;--page:#0d1117;--ink:#e6eaf2;--soft:#94a0b4;--rule:#2a3240;\
      --line:#7aa2ff;--raw:#35508f;--dots:#ff9d5c;--good:#75e0a7;--goodbg:#053321;--warn:#fec84b;--warnbg:#4e1d09}}
      """;

  static final String CHART = """
      .chart{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
      .chart .paper{fill:var(--paper)}
      .chart .title{fill:var(--ink);font-size:13px;font-weight:600}
      .chart .unit{fill:var(--soft);font-size:11px;font-weight:400}
      .chart .tick{fill:var(--soft);font-size:11px;font-variant-numeric:tabular-nums}
      .chart .grid{stroke:var(--rule);stroke-width:1}
      .chart .axis{stroke:var(--soft);stroke-width:1;opacity:.6}
      .chart polyline{fill:none;stroke-linejoin:round;stroke-linecap:round}
      .chart .raw{stroke:var(--raw);stroke-width:1}
      .chart .line{stroke:var(--line);stroke-width:2}
      .chart .dots{stroke:var(--dots);stroke-width:1.5}
      .chart circle.dots{fill:var(--dots)}
      .chart circle.line{fill:var(--line)}
      .chart .key{stroke-width:3}
      .chart .cell{fill:var(--line)}
      .chart .share{fill:var(--ink);font-size:11px;font-variant-numeric:tabular-nums;pointer-events:none}
      .chart .share.light{fill:var(--paper)}
      .chart .hit rect{fill:transparent}
      .chart .hit line,.chart .hit circle,.chart .hit text{opacity:0;pointer-events:none}
      .chart .hit line{stroke:var(--soft);stroke-dasharray:3 3}
      .chart .hit circle{fill:var(--ink)}
      .chart .hit text{fill:var(--ink);paint-order:stroke;stroke:var(--paper);stroke-width:4px}
      .chart .hit:hover line,.chart .hit:hover circle,.chart .hit:hover text{opacity:1}
      """;

  static final String PAGE = """
      *{box-sizing:border-box}
      body{margin:0;background:var(--page);color:var(--ink);\
      font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
      main{max-width:1080px;margin:0 auto;padding:32px 20px 64px}
      h1{font-size:26px;margin:0;display:inline-block;margin-right:12px;overflow-wrap:anywhere}
      h2{font-size:17px;margin:36px 0 12px}
      .badge{display:inline-block;border-radius:99px;padding:2px 12px;font-size:13px;vertical-align:4px;\
      background:var(--warnbg);color:var(--warn)}
      .badge.good{background:var(--goodbg);color:var(--good)}
      .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:12px;margin-top:20px}
      .card{background:var(--paper);border:1px solid var(--rule);border-radius:10px;padding:14px 16px}
      .tile .name{color:var(--soft);font-size:13px}
      .tile .value{font-size:25px;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums}
      .tile .more{color:var(--soft);font-size:12px;min-height:18px}
      .charts{display:grid;grid-template-columns:1fr 1fr;gap:12px;margin-top:12px}
      .card.plot{padding:8px}
      .plot svg{display:block;width:100%;height:auto}
      table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
      th,td{text-align:left;padding:6px 12px 6px 0;border-bottom:1px solid var(--rule);vertical-align:top;\
      overflow-wrap:anywhere}
      tr:last-child td{border-bottom:0}
      th{color:var(--soft);font-weight:500;font-size:13px}
      td.key{color:var(--soft);width:30%}
      pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
      .sample{white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 10px;padding-left:12px;border-left:3px solid var(--dots)}
      .row{white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 10px;font:13px/1.8 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
      .row span{border-right:1px solid var(--rule)}
      .row .read{color:var(--soft)}
      .row .trained{background:var(--goodbg);color:var(--good)}
      .row .format{background:var(--warnbg);color:var(--warn)}
      details{margin-top:10px}
      summary{cursor:pointer;color:var(--soft)}
      details[open] summary{margin-bottom:10px}
      footer{color:var(--soft);font-size:12px;margin-top:40px}
      @media (max-width:760px){.charts{grid-template-columns:1fr}}
      @media print{body{background:#fff}.card{break-inside:avoid}}
      """;

  private ReportStyle() {}
}
