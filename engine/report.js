/* Folds, heights of frames, printing: the run report reads well without it. SPDX-License-Identifier: Apache-2.0 */
addEventListener('message',function(e){if(!e.data||!(e.data.chardHeight>0))return;
document.querySelectorAll('iframe.frame').forEach(function(f){if(f.contentWindow===e.source)
f.style.height=Math.min(e.data.chardHeight,2000)+'px'})});
function fold(open){document.querySelectorAll('details.step').forEach(function(d){d.open=open})}
addEventListener('beforeprint',function(){fold(true)});
function show(){var t=location.hash&&document.getElementById(location.hash.slice(1));if(t&&t.tagName=='DETAILS')t.open=true}
addEventListener('hashchange',show);show();
